import '@tensorflow/tfjs';
import type { ExitCode } from '@edm2/command/errors';
import { runProgram } from '@edm2/train/program';
import { typedAs } from './typed-as.js';

/** Sub-commands whose options are their own: what is printed to go on names them. */
const OWN = new Set(['demo', 'ladder', 'vae']);

/** Runs edm2-train. */
export function runTrain(args: readonly string[]): Promise<ExitCode> {
  const [first = ''] = args;
  typedAs(OWN.has(first) ? ['train', first] : ['train'], args);
  return runProgram(args, 'edm2 train');
}

/** Runs edm2-train's ladder. */
export function runLadder(args: readonly string[]): Promise<ExitCode> {
  const all = ['ladder', ...args];
  typedAs(['ladder'], all);
  return runProgram(all, 'edm2');
}
