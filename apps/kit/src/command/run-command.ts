import { explainFileError } from '@edm2/tensor-files';
import { type Command, CommanderError } from 'commander';
import { exitCodeOf } from './errors.js';

/**
 * Runs a command line.
 *
 * @param program - with `exitOverride()`, on every sub-command too.
 * @param argv - arguments after the program's name.
 * @returns exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted. Errors are printed, never thrown; the file system's in plain
 * words, whoever met them.
 */
export async function runCommand(program: Command, argv: readonly string[]): Promise<number> {
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // commander has printed its message already; help and version end well.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const explained = explainFileError(error, { fn: program.name() });
    const { message, stack } = explained instanceof Error ? explained : new Error(String(error));
    process.stderr.write(`\n${process.env['DEBUG'] ? stack : message}\n`);
    return exitCodeOf(error);
  }
}
