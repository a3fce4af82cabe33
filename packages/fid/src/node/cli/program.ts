import { commandMessage } from '@edm2/command/command-message';
import { READABLE_HELP } from '@edm2/command/readable-help';
import { Command, CommanderError } from 'commander';
import { addCalcCommand } from './calc-command.js';
import { addGenCommand } from './gen-command.js';
import type { Io } from './io.js';
import { addStatsCommand } from './stats-command.js';
import { UsageError } from './usage-error.js';
import { addWeightsCommand } from './weights-command.js';

/** Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 130;

/**
 * Runs the `fid` command.
 *
 * @param args - without node and script.
 */
export async function runFid(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    await createProgram(io).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (io.signal.aborted) {
      io.err.write('fid: interrupted, nothing was left behind\n');
      return 130;
    }
    const message = commandMessage(error, 'fid');
    io.err.write(message.startsWith('fid: ') ? `${message}\n` : `fid: ${message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

export function createProgram(io: Io): Command {
  const program = new Command('fid')
    .configureHelp(READABLE_HELP)
    .description('Compare sets of images: Fréchet distance, kernel distance, precision and recall, Inception Score.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => void io.err.write(text) })
    .showSuggestionAfterError()
    .showHelpAfterError('Run with --help for the options.');
  for (const add of [addCalcCommand, addGenCommand, addStatsCommand, addWeightsCommand]) add(program, io);
  return program;
}
