import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sigmaRelToGamma, synthesisWeights } from '@edm2/phema';
import { snapshotName } from '@edm2/phema/node';
import { attempt } from '../attempt.js';
import { disagreement } from '../disagreement.js';
import { LARGE } from '../nets.js';
import { hasPyTorch, SCRATCH, startOurs, startPyTorch } from '../places.js';
import { type Goal, makeRow, type Row } from '../row.js';
import { forget, type StoredRun, storeRun } from '../snapshots.js';
import { summarize } from '../statistics.js';
import { type Contestant, takeTurns } from '../take-turns.js';
import type { Bench } from './bench.js';

const WANTED = [0.03, 0.075, 0.15]; // never tracked
const MANY = 8;
const FEW = 2;
const MAX_ROUNDS = 5; // a round reads gigabytes

/** Reconstruction of averages from files: against numpy-like Python, against bare reading, and its memory. */
export const phema: Bench = {
  name: 'phema',
  title: 'Post-hoc reconstruction',
  parts: ['float32', 'float16', 'reading', 'memory'],
  async *rows({ rounds, wants }) {
    const turns = { rounds: Math.min(rounds, MAX_ROUNDS), runs: 1 };
    rmSync(SCRATCH, { recursive: true, force: true });
    mkdirSync(join(SCRATCH, 'out'), { recursive: true });
    try {
      const many = await storeRun(join(SCRATCH, 'float32'), LARGE, MANY);
      const half = await storeRun(join(SCRATCH, 'float16'), LARGE, MANY, 'F16');
      const python = hasPyTorch() ? inPython : undefined;
      const verify = sameResults;
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
    } finally {
      rmSync(SCRATCH, { recursive: true, force: true });
    }
  },
};

const NUMPY = 'numpy + safetensors';
const pythonOutput = (length: number): string => join(SCRATCH, 'out', `python-${length}.safetensors`);

/** Both sides must have computed the same thing, or the row means nothing. */
async function sameResults(run: StoredRun): Promise<string> {
  const nimg = Math.max(...run.files.map((file) => file.nimg));
  const errors = [];
  for (const sigmaRel of WANTED)
    errors.push(
      await disagreement(join(SCRATCH, 'out', snapshotName('phema', { sigmaRel, nimg })), pythonOutput(sigmaRel)),
    );
  return `results agree to ${Math.max(...errors).toExponential(0)}`;
}

const title = ({ files, bytes }: StoredRun): string =>
  `${WANTED.length} averages from ${files.length} snapshots of ${Math.round(bytes / files.length / 1e6)} MB`;

const pathsOf = ({ files }: StoredRun): string[] => files.map(({ path }) => path);

/** Each run in a process of its own, so that neither garbage nor caches of an earlier one count. */
const ours = (run: StoredRun): Contestant => ({ measure: async () => [(await reconstructOnce(run)).ms] });

async function reconstructOnce(run: StoredRun): Promise<{ ms: number; maxRss: number }> {
  const peer = startOurs();
  try {
    const job = { work: 'reconstruct', files: pathsOf(run), output: join(SCRATCH, 'out'), sigmaRels: WANTED };
    const { ms, maxRss } = await peer.ask(job);
    return { ms: (ms as number[])[0] ?? Number.NaN, maxRss: Number(maxRss) };
  } finally {
    peer.close();
  }
}

const inPython = (run: StoredRun): Contestant => ({
  measure: async () => {
    const peer = startPyTorch();
    try {
      const t = Math.max(...run.files.map(({ nimg }) => nimg));
      const stored = run.files.map((file) => ({ gamma: sigmaRelToGamma(file.sigmaRel), t: file.nimg }));
      const { ms } = await peer.ask({
        work: 'reconstruct',
        files: pathsOf(run),
        weights: WANTED.map((length) => [...synthesisWeights(stored, { gamma: sigmaRelToGamma(length), t }).weights]),
        outputs: WANTED.map(pythonOutput),
      });
      return ms as number[];
    } finally {
      peer.close();
    }
  },
});

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
