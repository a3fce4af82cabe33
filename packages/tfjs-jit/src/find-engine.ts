import { getBackend } from '@tensorflow/tfjs-core';
import { type Engine, engineFor } from './engine.js';
import type { CheckedOptions } from './options.js';

/** Finds the engine that a compiled function is to run on now. */
export interface EngineFinder {
  /** The engine of a call; none where the function runs op by op. */
  forCall(): Engine | undefined;
  /**
   * The engine that a question is about.
   *
   * @param what - who asks, for the error.
   * @throws {Error} when there is none.
   */
  required(what: string): Engine;
}

/** The engine that was chosen, or that of the current TensorFlow.js backend. */
export function engineFinder({ engine: chosen, precision, warn }: CheckedOptions): EngineFinder {
  let warned = false;
  const now = (): Engine | undefined => {
    const engine = chosen ?? engineFor(getBackend());
    if (engine === undefined || precision === 'float32') return engine;
    const { precisions = ['float32'], name } = engine;
    if (precisions.includes(precision)) return engine;
    throw new RangeError(
      `jit: expected precision 'float32' on ${name}, got '${precision}', for which it has no convolutions. Leave precision ` +
        'out, or take an engine that has it.',
    );
  };
  return {
    forCall() {
      const engine = now();
      if (engine === undefined && precision !== 'float32' && !warned) {
        warned = true;
        warn(
          `jit: expected an engine for precision '${precision}', got none for backend ${getBackend()}: it runs op by op in ` +
            'float32. Start an engine that has it and make its backend the current one, or leave precision out.',
        );
      }
      return engine;
    },
    required(what) {
      const engine = now();
      if (engine !== undefined) return engine;
      throw new Error(
        `${what}: expected an engine to compile for, got none for backend ${getBackend()}. Start one, or pass it to jit.`,
      );
    },
  };
}
