import { memory } from '@tensorflow/tfjs-core';
import type { Run } from './runs.js';

/** What a process holds. */
export interface Held {
  /** Resident set in MiB. */
  readonly rss: number;
  readonly tensors: number;
  readonly sessions: number;
}

/** Runs to `steps`, and says what is held after `first` of them (everything compiled, pools filled) and at the end. */
export function watchMemory(run: Run, first: number, steps: number): { early: Held; late: Held } {
  const held = (): Held => {
    // Garbage is not a leak. Without --expose-gc the figure is merely noisier.
    globalThis.gc?.();
    return { rss: process.memoryUsage.rss() / 2 ** 20, tensors: memory().numTensors, sessions: run.sessions() };
  };
  for (let i = 0; i < first; i++) run.run();
  const early = held();
  for (let i = first; i < steps; i++) run.run();
  return { early, late: held() };
}
