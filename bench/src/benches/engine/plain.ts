import { attempt } from '../../attempt.js';
import { TINY } from '../../nets.js';
import { makeRow, type Row } from '../../row.js';
import { type Summary, summarize } from '../../statistics.js';
import { ours } from '../sides.js';
import { choice } from './choice.js';
import { label, title } from './compare.js';

const PEERS = { cpu: 'TensorFlow.js cpu', wasm: 'TensorFlow.js wasm', 'tfjs-node': 'tfjs-node op by op' } as const;
const RUNS = 20;

/** The very same step without a compiler, op by op; one run each, after none to warm up. */
export async function* plain(): AsyncGenerator<Row> {
  const { engine: judged } = await choice(TINY);
  const mine = await attempt(() => run(judged, RUNS));
  for (const engine of ['cpu', 'wasm', 'tfjs-node'] as const)
    yield makeRow({
      work: `${title(judged, judged)}: ${label('step', TINY)}, float32`,
      peer: PEERS[engine],
      ours: mine,
      theirs: await attempt(() => run(engine, 1)),
      unit: 'ms',
    });
}

async function run(engine: string, runs: number): Promise<Summary> {
  const { peer, job } = ours(engine);
  try {
    return summarize((await peer?.ask({ ...job('step', TINY), runs }))?.['ms'] as number[]);
  } finally {
    peer?.close();
  }
}
