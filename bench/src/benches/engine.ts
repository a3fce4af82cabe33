import type { Bench } from './bench.js';
import { compiledPyTorch } from './engine/compiled.js';
import { speedParts } from './engine/speed.js';

const SPEED = Object.keys(speedParts) as (keyof typeof speedParts)[];

/** Both compiling engines against PyTorch (eager, torch.compile, autocast) and TensorFlow.js op by op. */
export const engine: Bench = {
  name: 'engine',
  title: 'Engines',
  parts: [...SPEED],
  async *rows({ rounds, wants }) {
    const compiled = compiledPyTorch();
    try {
      for (const part of SPEED) if (wants(part)) yield* speedParts[part](rounds, compiled);
    } finally {
      compiled.close();
    }
  },
};
