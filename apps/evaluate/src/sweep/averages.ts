import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openSnapshots, reconstructFiles } from '@edm2/phema/node';
import { fileFingerprint } from '../generate/fingerprint.js';
import type { TensorLength } from './point.js';
import { patternsOf } from './tensor-groups.js';

/** Averages of a run at one time, made when they are needed and kept. */
export interface Averages {
  /** Tells the run and the time. */
  readonly fingerprint: string;
  /** Time of the averages, in images. */
  readonly t: number;
  /** EMA lengths that were tracked in training. */
  readonly tracked: readonly number[];
  /** Tensors of the network: how many numbers each holds, by its name. */
  readonly tensors: ReadonlyMap<string, number>;
  /** A snapshot of the run, for its size. */
  readonly sample: string | undefined;
  /** What is wrong with averages of these lengths that were made, in words: the snapshots may allow an approximation only. */
  warningsOf(sigmaRel: number): readonly string[];
  /** Makes those that are not there, all in one pass. @returns their files by EMA length. */
  prepare(sigmaRels: readonly number[], signal: AbortSignal): Promise<ReadonlyMap<number, string>>;
  /** Makes an average in which some tensors are of another length than the rest: a pass of its own, and a file to remove after use. */
  mixed(sigmaRel: number, own: TensorLength): MixedAverage;
}

/** An average of two lengths. */
export interface MixedAverage {
  readonly path: string;
  make(signal: AbortSignal): Promise<void>;
}

/**
 * @param indir - folder of a run's snapshots.
 * @param outdir - the averages go to a sub-folder of it, named after the run, so that those of another run are never taken.
 * @param t - time of the averages, in images; default the last stored.
 * @throws {RangeError} when the folder holds no snapshots or none reach to t.
 */
export async function openAverages(indir: string, outdir: string, t?: number): Promise<Averages> {
  const set = await openSnapshots(indir);
  const { times, sigmaRels: tracked, snapshots, entries } = set;
  await set.close();
  const hash = createHash('sha256');
  for (const { path } of snapshots) hash.update(`${basename(path)} ${await fileFingerprint(path)}\n`);
  const time = t ?? times.at(-1) ?? 0;
  const run = hash.digest('hex').slice(0, 12);
  const output = join(outdir, 'averages', run);
  const warnings = new Map<number, readonly string[]>();
  return {
    fingerprint: `${run} at ${time}`,
    t: time,
    tracked,
    tensors: new Map([...entries].map(([name, { shape }]) => [name, shape.reduce((product, n) => product * n, 1)])),
    sample: snapshots[0]?.path,
    warningsOf: (sigmaRel) => warnings.get(sigmaRel) ?? [],
    async prepare(sigmaRels, signal) {
      await mkdir(output, { recursive: true });
      const lengths = [...new Set(sigmaRels)];
      const { outputs } = await reconstructFiles({
        input: indir,
        output,
        sigmaRels: lengths,
        t: time,
        skipExisting: true,
        signal,
      });
      for (const each of outputs) warnings.set(each.sigmaRel, each.warnings);
      return new Map(outputs.map(({ sigmaRel, path }) => [sigmaRel, path]));
    },
    mixed(sigmaRel, own) {
      const name = createHash('sha256')
        .update(JSON.stringify([sigmaRel, own.tensors, own.sigmaRel]))
        .digest('hex');
      const path = join(output, `mixed-${name.slice(0, 12)}.safetensors`);
      return {
        path,
        async make(signal) {
          await mkdir(output, { recursive: true });
          const tensorSigmaRels = Object.fromEntries(patternsOf(own.tensors).map((each) => [each, own.sigmaRel]));
          await reconstructFiles({
            input: indir,
            output: path,
            sigmaRels: [sigmaRel],
            tensorSigmaRels,
            t: time,
            signal,
          });
        },
      };
    },
  };
}
