import * as tf from '@tensorflow/tfjs-core';

/** Test helper: the ways to run a pure function of tensors. */
export interface TestEngine {
  readonly name: string;
  /** Makes it the current tfjs backend and returns what compiles a function. */
  start(): Promise<<F>(fn: F) => F>;
}

export const ENGINES: readonly TestEngine[] = [
  {
    name: 'plain cpu',
    async start() {
      await tf.setBackend('cpu');
      return (fn) => fn;
    },
  },
];
