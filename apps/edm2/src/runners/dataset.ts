import '@tensorflow/tfjs';
import type { ExitCode } from '@edm2/command/errors';
import { runProgram } from '@edm2/dataset-tool/program';
import { typedAs } from './typed-as.js';

/** Runs edm2-dataset. */
export function runDataset(args: readonly string[]): Promise<ExitCode> {
  typedAs(['dataset'], args);
  return runProgram(args, 'edm2 dataset');
}
