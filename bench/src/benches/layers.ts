import { attempt } from '../attempt.js';
import { startOurs } from '../places.js';
import { makeRow, type Row } from '../row.js';
import { type Summary, summarize } from '../statistics.js';
import type { Bench } from './bench.js';

/** A way to run the model: where, through `jit` or not, and how often. */
interface Way {
  readonly engine: 'onnxruntime' | 'libtensorflow' | 'tfjs-node' | 'cpu' | 'wasm';
  readonly compiled: boolean;
  readonly runs: number;
}

const OURS: Way = { engine: 'onnxruntime', compiled: true, runs: 30 };
const PEERS: Readonly<Record<string, Way>> = {
  'TensorFlow.js cpu': { engine: 'cpu', compiled: false, runs: 3 },
  'TensorFlow.js wasm': { engine: 'wasm', compiled: false, runs: 10 },
  'tfjs-node op by op': { engine: 'tfjs-node', compiled: false, runs: 30 },
  'ours, libtensorflow op by op': { engine: 'libtensorflow', compiled: false, runs: 30 },
  'ours, libtensorflow compiled': { engine: 'libtensorflow', compiled: true, runs: 30 },
};
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
  const ours = await attempt(() => run(kind, OURS));
  for (const [peer, way] of Object.entries(PEERS))
    yield makeRow({
      work: `${title}, small MobileNet of tf.layers, 64×64, batch ${BATCH}`,
      peer,
      ours,
      theirs: await attempt(() => run(kind, way)),
      unit: 'ms',
    });
}

async function run(kind: string, way: Way): Promise<Summary> {
  const peer = startOurs();
  try {
    return summarize((await peer.ask({ work: 'layers', kind, batch: BATCH, ...way }))['ms'] as number[]);
  } finally {
    peer.close();
  }
}
