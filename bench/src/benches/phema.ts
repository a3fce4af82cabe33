import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../attempt.js';
import { LARGE } from '../nets.js';
import { hasPyTorch, SCRATCH, startOurs } from '../places.js';
import { type Goal, makeRow, type Row } from '../row.js';
import { forget, type StoredRun, storeRun } from '../snapshots.js';
import { summarize } from '../statistics.js';
import { type Contestant, takeTurns } from '../take-turns.js';
import type { Bench } from './bench.js';
import { largeRows } from './phema-large.js';
import { inPython, pathsOf, reconstructOnce, sameResults, timed, title } from './phema-sides.js';

const MANY = 8;
const FEW = 2;
const MAX_ROUNDS = 5; // a round reads gigabytes

/** Reconstruction of averages from files: against numpy-like Python, against bare reading, and its memory. */
export const phema: Bench = {
  name: 'phema',
  title: 'Post-hoc reconstruction',
  parts: ['float32', 'float16', 'reading', 'memory', 'large'],
  async *rows({ rounds, wants }) {
    const turns = { rounds: Math.min(rounds, MAX_ROUNDS), runs: 1 };
    rmSync(SCRATCH, { recursive: true, force: true });
    mkdirSync(join(SCRATCH, 'out'), { recursive: true });
    try {
      const many = await storeRun(join(SCRATCH, 'float32'), LARGE, MANY);
      const half = await storeRun(join(SCRATCH, 'float16'), LARGE, MANY, 'F16');
      const python = hasPyTorch() ? inNumpy : undefined;
      if (wants('float32')) yield await compare(`${title(many)}, float32`, NUMPY, many, turns, python, { verify });
      if (wants('float16')) yield await compare(`${title(half)}, float16`, NUMPY, half, turns, python, { verify });
      if (wants('reading')) {
        yield await compare(`${title(many)}, files in memory`, 'reading the files', many, turns, reading);
        yield await compare(`${title(many)}, files on the disk`, 'reading the files', many, turns, reading, {
          before: forget,
          goal: { ratio: 0.5 },
        });
      }
      if (wants('memory')) yield await memory(many);
      forgetRuns();
      if (wants('large')) yield* largeRows(turns.rounds);
    } finally {
      rmSync(SCRATCH, { recursive: true, force: true });
    }
  },
};

const NUMPY = 'numpy + safetensors';
const inNumpy = (run: StoredRun): Contestant => timed(() => inPython(run, 'numpy'));
const ours = (run: StoredRun): Contestant => timed(() => reconstructOnce(run));
const verify = (run: StoredRun): Promise<string> => sameResults(run, 'numpy');

/** Room for what comes next. */
const forgetRuns = (): void => {
  for (const folder of ['float32', 'float16']) rmSync(join(SCRATCH, folder), { recursive: true, force: true });
};

const reading = (run: StoredRun): Contestant => ({
  measure: async () => {
    const peer = startOurs();
    try {
      return (await peer.ask({ work: 'read', files: pathsOf(run) }))['ms'] as number[];
    } finally {
      peer.close();
    }
  },
});

interface CompareOptions {
  /** Before each measurement. */
  readonly before?: (files: readonly string[]) => void;
  readonly goal?: Goal;
  /** After all of them, when both sides ran: a word on the results. */
  readonly verify?: (run: StoredRun) => Promise<string>;
}

async function compare(
  work: string,
  peer: string,
  run: StoredRun,
  turns: { rounds: number; runs: number },
  theirs: ((run: StoredRun) => Contestant) | undefined,
  { before, goal, verify }: CompareOptions = {},
): Promise<Row> {
  const prepared = (side: Contestant): Contestant => ({
    measure: async (runs) => {
      before?.(pathsOf(run));
      return side.measure(runs);
    },
  });
  const sides = await takeTurns([prepared(ours(run)), theirs && prepared(theirs(run))], turns);
  const [mine = '', other = ''] = sides;
  const rates = sides
    .flatMap((side) => (typeof side === 'string' ? [] : [Math.round(run.bytes / 1e3 / side.median)]))
    .join(' and ');
  const complete = sides.every((side) => typeof side !== 'string');
  const checked = verify && complete ? await attempt(() => verify(run)) : '';
  const note = [rates && `${rates} MB/s read`, checked].filter(Boolean).join('; ');
  return makeRow({ work, peer, ours: mine, theirs: other, unit: 'ms', goal, note });
}

async function memory(many: StoredRun): Promise<Row> {
  const few = { ...many, files: many.files.slice(0, FEW * 2) };
  const held = (run: StoredRun) => attempt(async () => summarize([(await reconstructOnce(run)).maxRss]));
  return makeRow({
    work: `largest resident set, ${many.files.length} snapshots`,
    peer: `ours, ${few.files.length} snapshots`,
    ours: await held(many),
    theirs: await held(few),
    unit: 'MiB',
    goal: { ratio: 0.95 },
  });
}
