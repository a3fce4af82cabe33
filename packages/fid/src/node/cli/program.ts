import type { EngineOptionsOf } from '@edm2/command/engine-options';
import type { ExitCode } from '@edm2/command/errors';
import type { Io } from '@edm2/command/io';
import { styled } from '@edm2/command/program-style';
import { runProgram } from '@edm2/command/run-program';
import { Command } from 'commander';
import { knownEngines } from '../engine.js';
import { addCalcCommand } from './calc-command.js';
import { addGenCommand } from './gen-command.js';
import { addStatsCommand } from './stats-command.js';
import { addWeightsCommand } from './weights-command.js';

/**
 * Runs the `fid` command.
 *
 * @param args - without node and script.
 */
export const runFid = async (args: readonly string[], io: Io): Promise<ExitCode> =>
  runProgram(createProgram(io, await knownEngines()), args, { io });

/** @param engines - by name; undefined where nobody knows them. */
export function createProgram(io: Io, engines?: EngineOptionsOf['engines']): Command {
  const program = styled(new Command('fid'), io).description(
    'Compare sets of images: Fréchet distance, kernel distance, precision and recall, Inception Score.',
  );
  for (const add of [addCalcCommand, addGenCommand, addStatsCommand, addWeightsCommand]) add(program, io, engines);
  return program;
}
