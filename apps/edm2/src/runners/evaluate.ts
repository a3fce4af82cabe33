import '@tensorflow/tfjs';
import type { ExitCode } from '@edm2/command/errors';
import { runProgram } from '@edm2/evaluate/program';

/** Runs a command of edm2-evaluate. */
export const runEvaluate = (args: readonly string[]): Promise<ExitCode> => runProgram(args, 'edm2');
