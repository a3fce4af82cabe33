import type { ExitCode } from '@edm2/command/errors';
import type { Io } from '@edm2/command/io';
import { styled } from '@edm2/command/program-style';
import { runProgram } from '@edm2/command/run-program';
import { PickleParseError } from '@edm2/tensor-files';
import { Command } from 'commander';
import { OptionError } from '../option-error.js';
import { phemaOption } from '../phema-option.js';
import { addErrorCommand } from './error-command.js';
import { addInfoCommand } from './info-command.js';
import { addPlanCommand } from './plan-command.js';
import { addReconstructCommand } from './reconstruct-command.js';

/**
 * Runs the `phema` command.
 *
 * @param args - without node and script.
 */
export const runPhema = (args: readonly string[], io: Io): Promise<ExitCode> =>
  runProgram(createProgram(io), args, {
    io,
    word: (error) =>
      error instanceof OptionError ? new RangeError(error.spelled(phemaOption), { cause: error }) : error,
    advice: (error) =>
      error instanceof PickleParseError && error.global !== undefined
        ? `if you know why, let it stand for a value that does nothing: --allow ${error.global}`
        : undefined,
  });

export function createProgram(io: Io): Command {
  const program = styled(new Command('phema'), io)
    .description(
      'Choose the length of a weight average after training, from averages stored in training (post-hoc EMA).',
    )
    .addHelpText(
      'after',
      '\nLengths are relative to training time: 0.10 averages over about the last tenth. Write lists as 0.05,0.10,...,0.25, image counts as 2048Mi or 150M.',
    );
  for (const add of [addInfoCommand, addPlanCommand, addReconstructCommand, addErrorCommand]) add(program, io);
  return program;
}
