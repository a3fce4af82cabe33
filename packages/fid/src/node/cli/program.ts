import type { ExitCode } from '@edm2/command/errors';
import type { Io } from '@edm2/command/io';
import { styled } from '@edm2/command/program-style';
import { runProgram } from '@edm2/command/run-program';
import { Command } from 'commander';
import { addCalcCommand } from './calc-command.js';
import { addGenCommand } from './gen-command.js';
import { addStatsCommand } from './stats-command.js';
import { addWeightsCommand } from './weights-command.js';

/**
 * Runs the `fid` command.
 *
 * @param args - without node and script.
 */
export const runFid = (args: readonly string[], io: Io): Promise<ExitCode> =>
  runProgram(createProgram(io), args, { io });

export function createProgram(io: Io): Command {
  const program = styled(new Command('fid'), io).description(
    'Compare sets of images: Fréchet distance, kernel distance, precision and recall, Inception Score.',
  );
  for (const add of [addCalcCommand, addGenCommand, addStatsCommand, addWeightsCommand]) add(program, io);
  return program;
}
