import { jit } from '@edm2/tfjs-jit';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import * as tf from '@tensorflow/tfjs-core';

/** Test helper: the ways to run a pure function of tensors. */
export interface TestEngine {
  readonly name: string;
  /** Makes it the current tfjs backend and returns what compiles a function. */
  start(): Promise<<F>(fn: F) => F>;
}

type Pure = (...args: unknown[]) => unknown;

export const ENGINES: readonly TestEngine[] = [
  {
    name: 'plain cpu',
    async start() {
      await tf.setBackend('cpu');
      return (fn) => fn;
    },
  },
  {
    name: 'jit on onnxruntime',
    async start() {
      const engine = await startOnnxRuntime({ threads: 1 });
      return (fn) => jit(fn as Pure, { engine }) as typeof fn;
    },
  },
];
