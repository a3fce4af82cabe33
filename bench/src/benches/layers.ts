import { attempt } from '../attempt.js';
import { startOurs } from '../places.js';
import { makeRow, type Row } from '../row.js';
import { type Summary, summarize } from '../statistics.js';
import type { Bench } from './bench.js';

const PEERS = { cpu: 'TensorFlow.js cpu', wasm: 'TensorFlow.js wasm' } as const;
const RUNS = { onnxruntime: 30, cpu: 3, wasm: 10 } as const;
const BATCH = 8;

/** A plain tf.layers model through `jit`, against the same model op by op. */
export const layers: Bench = {
  name: 'layers',
  title: 'A tf.layers model',
  parts: ['predict', 'gradients'],
  async *rows({ wants }) {
    if (wants('predict')) yield* against('predict', 'inference');
    if (wants('gradients')) yield* against('gradients', 'loss and gradients');
  },
};

async function* against(kind: 'predict' | 'gradients', title: string): AsyncGenerator<Row> {
  const ours = await attempt(() => run(kind, 'onnxruntime'));
  for (const engine of ['cpu', 'wasm'] as const)
    yield makeRow({
      work: `${title}, small MobileNet of tf.layers, 64×64, batch ${BATCH}`,
      peer: PEERS[engine],
      ours,
      theirs: await attempt(() => run(kind, engine)),
      unit: 'ms',
    });
}

async function run(kind: string, engine: keyof typeof RUNS): Promise<Summary> {
  const peer = startOurs();
  try {
    return summarize(
      (await peer.ask({ work: 'layers', kind, batch: BATCH, engine, runs: RUNS[engine] }))['ms'] as number[],
    );
  } finally {
    peer.close();
  }
}
