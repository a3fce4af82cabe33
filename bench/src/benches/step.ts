import { attempt } from '../attempt.js';
import { LARGE, MAIN, TINY, toPython, type Work } from '../nets.js';
import type { Peer } from '../peer.js';
import { hasPyTorch, startOurs, startPyTorch } from '../places.js';
import { type Goal, makeRow, type Row } from '../row.js';
import { type Summary, summarize } from '../statistics.js';
import { type Contestant, takeTurns } from '../take-turns.js';
import type { Bench } from './bench.js';

const PYTORCH = 'PyTorch eager';
const MEMORY_STEPS = 1000;
const MEMORY_FIRST = 200; // until the heap and the pools have found their size
const FIRST_STEP_SECONDS = 10;

/** The training step and the forward pass, against PyTorch and against plain TensorFlow.js; memory; time to the first step. */
export const step: Bench = {
  name: 'step',
  title: 'Training step and forward pass',
  parts: ['main', 'plain', 'tiny', 'large', 'forward', 'memory', 'first'],
  async *rows({ rounds, wants }) {
    if (wants('main')) yield await against('step', MAIN, { rounds, runs: 4 });
    if (wants('plain')) yield await againstPlain(MAIN);
    if (wants('tiny')) yield await against('step', TINY, { rounds, runs: 20, goal: { ratio: 2.5 } });
    if (wants('large')) yield await against('step', LARGE, { rounds, runs: 2, goal: { ratio: 0.5 } });
    if (wants('forward'))
      for (const batch of [LARGE.batch, 1])
        yield await against('forward', { ...LARGE, batch }, { rounds, runs: 16 / batch, goal: { ratio: 1.25 } });
    if (wants('memory')) yield* memory(MAIN);
    if (wants('first')) yield await firstStep(MAIN, rounds);
  },
};

type Kind = 'step' | 'forward';

const label = (kind: Kind, { title, batch }: Work): string =>
  `${kind === 'step' ? 'full step' : 'forward, constant weights'}, ${title}, batch ${batch}`;

const clock = (peer: Peer, job: Record<string, unknown>): Contestant => ({
  measure: async (runs) => (await peer.ask({ ...job, runs }))['ms'] as number[],
});

async function against(
  kind: Kind,
  work: Work,
  { goal, ...turns }: { rounds: number; runs: number; goal?: Goal },
): Promise<Row> {
  const ours = startOurs();
  const theirs = hasPyTorch() ? startPyTorch() : undefined;
  try {
    const job = { work: kind, batch: work.batch };
    const [mine = '', other = ''] = await takeTurns(
      [clock(ours, { ...job, net: work.net }), theirs && clock(theirs, { ...job, net: toPython(work.net) })],
      turns,
    );
    return makeRow({ work: label(kind, work), peer: PYTORCH, ours: mine, theirs: other, unit: 'ms', goal });
  } finally {
    ours.close();
    theirs?.close();
  }
}

/** The same function, compiled and op by op. A plain step takes so long that a single run is all it gets. */
async function againstPlain(work: Work): Promise<Row> {
  const run = async (engine: string, runs: number): Promise<Summary> => {
    const peer = startOurs();
    try {
      const ms = (await peer.ask({ work: 'step', net: work.net, batch: work.batch, engine, runs }))['ms'];
      return summarize(ms as number[]);
    } finally {
      peer.close();
    }
  };
  return makeRow({
    work: label('step', work),
    peer: 'TensorFlow.js cpu',
    ours: await attempt(() => run('onnxruntime', 20)),
    theirs: await attempt(() => run('cpu', 1)),
    unit: 'ms',
    goal: { ratio: 100 },
  });
}

async function* memory(work: Work): AsyncGenerator<Row> {
  const peer = startOurs();
  try {
    const job = {
      work: 'memory',
      net: work.net,
      batch: work.batch,
      first: MEMORY_FIRST,
      steps: MEMORY_FIRST + MEMORY_STEPS,
    };
    const held = await attempt(() => peer.ask(job));
    const figure = (when: string, what: string): Summary | string =>
      typeof held === 'string'
        ? held
        : summarize([(held as Record<string, Record<string, number>>)[when]?.[what] ?? Number.NaN]);
    for (const [what, unit, ratio] of [
      ['rss', 'MiB resident', 0.95],
      ['tensors', 'tensors', 1],
      ['sessions', 'sessions', 1],
    ] as const)
      yield makeRow({
        work: `memory after another ${MEMORY_STEPS} steps, ${work.title}`,
        peer: `ours after the first ${MEMORY_FIRST}`,
        ours: figure('late', what),
        theirs: figure('early', what),
        unit,
        goal: { ratio },
      });
  } finally {
    peer.close();
  }
}

/** From starting the process to the end of the first step: imports, building, compiling. */
async function firstStep(work: Work, rounds: number): Promise<Row> {
  const launch = (start: () => Peer, net: unknown): Contestant => ({
    measure: async () => {
      const begun = performance.now();
      const peer = start();
      try {
        await peer.ask({ work: 'first', net, batch: work.batch });
        return [(performance.now() - begun) / 1000];
      } finally {
        peer.close();
      }
    },
  });
  const [ours = '', theirs = ''] = await takeTurns(
    [launch(startOurs, work.net), hasPyTorch() ? launch(startPyTorch, toPython(work.net)) : undefined],
    { rounds: Math.min(rounds, 3), runs: 1 },
  );
  return makeRow({
    work: `process start to first step done, ${work.title}`,
    peer: PYTORCH,
    ours,
    theirs,
    unit: 's',
    goal: { atMost: FIRST_STEP_SECONDS },
  });
}
