import type { MemoryPlan } from '@edm2/tfjs-jit';
import { attempt } from '../attempt.js';
import { LARGE, MAIN, type Work } from '../nets.js';
import { startOurs } from '../places.js';
import { makeRow, type Row } from '../row.js';
import { type Summary, summarize } from '../statistics.js';
import { type Contestant, takeTurns } from '../take-turns.js';
import type { Bench } from './bench.js';

const LARGE_BATCH = 16;
const RUNS = 3;
const MAX_ROUNDS = 5; // two processes of two gigabytes each take turns
const MIB = 2 ** 20;

interface Peak {
  readonly plan: MemoryPlan;
  readonly resident: number;
}

/** Memory of a compiled step: planned before it runs against measured, and what checkpointed blocks save and cost. */
export const memory: Bench = {
  name: 'memory',
  title: 'Memory of a training step',
  parts: ['plan', 'checkpoint', 'time'],
  async *rows({ wants, rounds }) {
    if (wants('plan')) yield await planned(MAIN);
    if (wants('checkpoint')) yield* checkpointed({ ...LARGE, batch: LARGE_BATCH });
    if (wants('time')) yield await time({ ...LARGE, batch: LARGE_BATCH }, Math.min(rounds, MAX_ROUNDS));
  },
};

/** One step in a process of its own. */
const measure = (work: Work, checkpoint: boolean): Promise<Peak | string> =>
  attempt(async () => {
    const peer = startOurs();
    try {
      const job = { work: 'peak', net: work.net, batch: work.batch, checkpointed: checkpoint, runs: RUNS };
      return (await peer.ask(job)) as unknown as Peak;
    } finally {
      peer.close();
    }
  });

/** Names what is compared. */
const label = (work: Work, what: string): string => `checkpointed blocks, ${work.title}, batch ${work.batch}: ${what}`;

const figure = (measured: Peak | string, of: (peak: Peak) => readonly number[]): Summary | string =>
  typeof measured === 'string' ? measured : summarize(of(measured));

async function planned(work: Work): Promise<Row> {
  const measured = await measure(work, false);
  return makeRow({
    work: `peak of a step as planned, ${work.title}, batch ${work.batch}`,
    peer: 'resident set of the process, less what it held before',
    ours: figure(measured, ({ plan }) => [plan.peak / MIB]),
    theirs: figure(measured, ({ resident }) => [resident]),
    unit: 'MiB',
  });
}

async function* checkpointed(work: Work): AsyncGenerator<Row> {
  const [plain, again] = [await measure(work, false), await measure(work, true)];
  for (const [what, unit, of] of [
    ['activations as planned', 'MiB', ({ plan }: Peak) => [plan.activations / MIB]],
    ['of these, not results', 'MiB', ({ plan }: Peak) => [(plan.activations - plan.outputs) / MIB]],
    ['largest resident set', 'MiB', ({ resident }: Peak) => [resident]],
  ] as const)
    yield makeRow({
      work: label(work, what),
      peer: 'without checkpoints',
      ours: figure(again, of),
      theirs: figure(plain, of),
      unit,
    });
}

/** Both processes stay, and take turns: a step of the one, a step of the other. */
async function time(work: Work, rounds: number): Promise<Row> {
  const peers = [startOurs(), startOurs()];
  try {
    const sides = peers.map((peer, i): Contestant => {
      const job = { work: 'step', net: work.net, batch: work.batch, checkpointed: i === 0 };
      return { measure: async (runs) => (await peer.ask({ ...job, runs }))['ms'] as number[] };
    });
    const [ours = '', theirs = ''] = await takeTurns(sides, { rounds, runs: 2 });
    return makeRow({ work: label(work, 'time of a step'), peer: 'without checkpoints', ours, theirs, unit: 'ms' });
  } finally {
    for (const peer of peers) peer.close();
  }
}
