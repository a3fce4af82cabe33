import type { Row } from '../row.js';
import type { Bench } from './bench.js';
import { type CompiledPyTorch, compiledPyTorch } from './engine/compiled.js';
import { overBatches, overParameters } from './engine/curves.js';
import { first } from './engine/first.js';
import { plain } from './engine/plain.js';
import { rounding } from './engine/rounding.js';
import { speedParts } from './engine/speed.js';
import { threads } from './engine/threads.js';

/** Rows of a part, by what `--only` calls it. `first` starts the process of torch.compile, so it stands first. */
const PARTS: Readonly<Record<string, (rounds: number, compiled: CompiledPyTorch) => AsyncIterable<Row>>> = {
  first,
  ...speedParts,
  rounding,
  plain,
  threads,
  parameters: overParameters,
  batches: overBatches,
};

/** Both compiling engines against PyTorch (eager, torch.compile, autocast) and TensorFlow.js op by op. */
export const engine: Bench = {
  name: 'engine',
  title: 'Engines',
  parts: Object.keys(PARTS),
  async *rows({ rounds, wants }) {
    const compiled = compiledPyTorch();
    try {
      for (const [name, rows] of Object.entries(PARTS)) if (wants(name)) yield* rows(rounds, compiled);
    } finally {
      compiled.close();
    }
  },
};
