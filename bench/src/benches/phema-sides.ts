import { join } from 'node:path';
import { sigmaRelToGamma, synthesisWeights } from '@edm2/phema';
import { snapshotName } from '@edm2/phema/node';
import { disagreement } from '../disagreement.js';
import { SCRATCH, startOurs, startPyTorch } from '../places.js';
import type { StoredRun } from '../snapshots.js';
import type { Contestant } from '../take-turns.js';

const WANTED = [0.03, 0.075, 0.15]; // never tracked

/** One reconstruction by either side. */
export interface Reconstruction {
  readonly ms: number;
  /** The most that the process ever held, in MiB. */
  readonly maxRss: number;
}

/** The ways of `bench/pytorch/reconstruct.py`. */
export type PythonWay = 'numpy' | 'pytorch' | 'by tensor';

export const pathsOf = ({ files }: StoredRun): string[] => files.map(({ path }) => path);

export const title = ({ files, bytes }: StoredRun): string =>
  `${WANTED.length} averages from ${files.length} snapshots of ${Math.round(bytes / files.length / 1e6)} MB`;

/** A contestant of single reconstructions, each in a process of its own, so that neither garbage nor caches of an earlier one count. */
export const timed = (once: () => Promise<Reconstruction>): Contestant => ({
  measure: async () => [(await once()).ms],
});

/** Our side; `dtype` that of the results, default as stored. */
export async function reconstructOnce(run: StoredRun, dtype?: 'float32'): Promise<Reconstruction> {
  const peer = startOurs();
  try {
    const job = { work: 'reconstruct', files: pathsOf(run), output: join(SCRATCH, 'out'), sigmaRels: WANTED, dtype };
    return measured(await peer.ask(job));
  } finally {
    peer.close();
  }
}

/** Theirs, with the weights that ours computes. */
export async function inPython(run: StoredRun, way: PythonWay, dtype?: 'float32'): Promise<Reconstruction> {
  const peer = startPyTorch();
  try {
    const t = Math.max(...run.files.map(({ nimg }) => nimg));
    const stored = run.files.map((file) => ({ gamma: sigmaRelToGamma(file.sigmaRel), t: file.nimg }));
    const job = {
      work: 'reconstruct',
      way,
      dtype,
      files: pathsOf(run),
      weights: WANTED.map((length) => [...synthesisWeights(stored, { gamma: sigmaRelToGamma(length), t }).weights]),
      outputs: WANTED.map(pythonOutput),
    };
    return measured(await peer.ask(job));
  } finally {
    peer.close();
  }
}

const measured = ({ ms, maxRss }: Record<string, unknown>): Reconstruction => ({
  ms: (ms as number[])[0] ?? Number.NaN,
  maxRss: Number(maxRss),
});

const pythonOutput = (length: number): string => join(SCRATCH, 'out', `python-${length}.safetensors`);

/**
 * Both sides must compute the same thing, or the row means nothing: they do it once more, with results in float32, so that the stored
 * type's rounding does not hide a difference.
 */
export async function sameResults(run: StoredRun, way: PythonWay): Promise<string> {
  await reconstructOnce(run, 'float32');
  await inPython(run, way, 'float32');
  const nimg = Math.max(...run.files.map((file) => file.nimg));
  const errors = [];
  for (const sigmaRel of WANTED)
    errors.push(
      await disagreement(
        join(SCRATCH, 'out', snapshotName('phema', { sigmaRel, nimg }, { time: 'thousands' })),
        pythonOutput(sigmaRel),
      ),
    );
  return `results agree to ${Math.max(...errors).toExponential(0)}`;
}
