import { commandMessage } from '@edm2/command/command-message';
import { type Command, CommanderError } from 'commander';
import { exitCodeOf } from './errors.js';

/**
 * Runs a command line.
 *
 * @param program - with `exitOverride()`, on every sub-command too.
 * @param argv - arguments after the program's name.
 * @returns exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted. Errors are printed, never thrown:
 * `DEBUG=1` shows where they are from.
 */
export async function runCommand(program: Command, argv: readonly string[]): Promise<number> {
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // commander has printed its message already; help and version end well.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const stack = process.env['DEBUG'] && error instanceof Error ? error.stack : undefined;
    process.stderr.write(`\n${stack ?? commandMessage(error, program.name())}\n`);
    return exitCodeOf(error);
  }
}
