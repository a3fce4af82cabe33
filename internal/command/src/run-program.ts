import { type Command, CommanderError } from 'commander';
import { commandMessage } from './command-message.js';
import { type ExitCode, exitCodeOf } from './errors.js';
import type { Io } from './io.js';

/** How a command ends where it does not end well. */
export interface RunProgramOptions {
  readonly io: Pick<Io, 'err' | 'signal'>;
  /** Whether every message begins with the command's name, or only one that would begin with nothing else. Default true. */
  readonly named?: boolean;
  /** What is printed after an interruption, behind the command's name. */
  readonly interrupted?: string;
  /** The error in the words of the command, where the library's own are others. */
  readonly word?: (error: unknown) => unknown;
  /** The message in the words of the command. */
  readonly spell?: (message: string) => string;
  /** Lines below the message. */
  readonly advice?: (error: unknown) => string | undefined;
}

/**
 * Runs a command line. Errors are printed, never thrown: `DEBUG=1` shows where they are from.
 *
 * @param program - one that throws: see program-style.ts.
 * @param args - without node and script.
 */
export async function runProgram(
  program: Command,
  args: readonly string[],
  {
    io: { err, signal },
    named = true,
    interrupted = 'interrupted, nothing was left behind',
    word = (error) => error,
    spell = (message) => message,
    advice,
  }: RunProgramOptions,
): Promise<ExitCode> {
  const name = program.name();
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    // commander has printed its message already; help and version end well.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (signal.aborted) {
      err.write(`${name}: ${interrupted}\n`);
      return 130;
    }
    const worded = word(error);
    const stack = process.env['DEBUG'] && error instanceof Error ? error.stack : undefined;
    const message = stack ?? spell(commandMessage(worded, name));
    err.write(!named || message.startsWith(`${name}: `) ? `${message}\n` : `${name}: ${message}\n`);
    const more = advice?.(error);
    if (more !== undefined) err.write(`${name}: ${more}\n`);
    return exitCodeOf(worded);
  }
}
