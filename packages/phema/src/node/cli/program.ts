import { commandMessage } from '@edm2/command/command-message';
import { READABLE_HELP } from '@edm2/command/readable-help';
import { PickleParseError } from '@edm2/tensor-files';
import { Command, CommanderError } from 'commander';
import { OptionError } from '../option-error.js';
import { addErrorCommand } from './error-command.js';
import { addInfoCommand } from './info-command.js';
import type { Io } from './io.js';
import { spelled } from './open-options.js';
import { addPlanCommand } from './plan-command.js';
import { addReconstructCommand } from './reconstruct-command.js';

/** Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 130;

/**
 * Runs the `phema` command.
 *
 * @param args - without node and script.
 */
export async function runPhema(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    await createProgram(io).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (io.signal.aborted) {
      io.err.write('phema: interrupted, nothing was left behind\n');
      return 130;
    }
    const worded = error instanceof OptionError ? new RangeError(error.spelled(spelled), { cause: error }) : error;
    const message = commandMessage(worded, 'phema');
    io.err.write(message.startsWith('phema: ') ? `${message}\n` : `phema: ${message}\n`);
    if (error instanceof PickleParseError && error.global !== undefined)
      io.err.write(`phema: if you know why, let it stand for a value that does nothing: --allow ${error.global}\n`);
    return 1;
  }
}

export function createProgram(io: Io): Command {
  const program = new Command('phema')
    .description(
      'Choose the length of a weight average after training, from averages stored in training (post-hoc EMA).',
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => void io.err.write(text) })
    .configureHelp(READABLE_HELP)
    .showSuggestionAfterError()
    .showHelpAfterError('Run with --help for the options.')
    .addHelpText(
      'after',
      '\nLengths are relative to training time: 0.10 averages over about the last tenth. Lists read 0.05,0.10,...,0.25; image counts 2048Mi or 150M.',
    );
  for (const add of [addInfoCommand, addPlanCommand, addReconstructCommand, addErrorCommand]) add(program, io);
  return program;
}
