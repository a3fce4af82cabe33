import type { ExitCode } from '@edm2/command/errors';
import { runProgram } from '@edm2/command/run-program';
import type { Command } from 'commander';

/**
 * Runs an app's command line. Interruptions come as errors that say what is kept.
 *
 * @param program - with `exitOverride()`, on every sub-command too.
 * @param argv - arguments after the program's name.
 */
export const runCommand = (program: Command, argv: readonly string[]): Promise<ExitCode> =>
  runProgram(program, argv, {
    // A bar of progress may stand in the line.
    io: { err: { write: (text: string) => process.stderr.write(`\n${text}`) }, signal: new AbortController().signal },
    named: false,
  });
