import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { inOwnWords } from '@edm2/app-kit/command/in-own-words';
import { prose } from '@edm2/app-kit/files/prose';
import { assertReachable, openSnapshots, reconstructFiles, selectSnapshots } from '@edm2/phema/node';
import { fileFingerprint } from 'edm2/parts';
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
  /** Whether the snapshots can give an average of a length at that time. */
  reaches(sigmaRel: number): boolean;
  /** How far the profile of an average that was made is off, relative to the one asked for; undefined before. */
  profileErrorOf(sigmaRel: number): number | undefined;
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

/** What a reconstruction says of a file that it made. */
type ReconstructedFile = Awaited<ReturnType<typeof reconstructFiles>>['outputs'][number];

/** This folder is the sweep's own, and what the snapshots cannot give is refused before. */
const OWN = { overwrite: true, force: true } as const;

/** Which averages of a run. */
export interface AveragesOptions {
  /** Time of the averages, in images; default the last stored. */
  readonly t?: number | undefined;
  /** The option that gives the time. */
  readonly option?: string;
  /** Lengths that are wanted for certain. */
  readonly lengths?: readonly number[];
  /** Where the averages go instead: a folder that is this run's own. */
  readonly folder?: string;
  /** Take averages whose profile is far from the one asked for. Default false: they are refused. */
  readonly force?: boolean | undefined;
}

/**
 * @param indir - folder of a run's snapshots.
 * @param outdir - the averages go to a sub-folder of it, named after the run, so that those of another run are never taken.
 * @throws {Error} when the folder holds no snapshots, none reach to t, or they cannot give the lengths at that time.
 */
export async function openAverages(
  indir: string,
  outdir: string,
  { t, option = '--t', lengths: wanted = [], folder, force = false }: AveragesOptions = {},
): Promise<Averages> {
  const { set, selection } = await inOwnWords({ t: option, force: '--force' }, async () => {
    const opened = await openSnapshots(indir);
    await opened.close();
    const selected = selectSnapshots('sweep', opened, { t });
    if (!force) assertReachable('sweep', opened, selected, wanted);
    return { set: opened, selection: selected };
  });
  const { sigmaRels: tracked, snapshots, entries } = set;
  const hash = createHash('sha256');
  for (const { path } of snapshots) hash.update(`${basename(path)} ${await fileFingerprint(path)}\n`);
  const time = selection.t;
  const run = hash.digest('hex').slice(0, 12);
  const output = folder ?? join(outdir, 'averages', run);
  const made = new Map<number, ReconstructedFile>();
  /** Averages that are kept and compared must all be of the snapshots that were there at first: those up to their time. */
  const reconstructSame = async (options: Parameters<typeof reconstructFiles>[0]) => {
    const result = await reconstructFiles(options);
    if (result.snapshots === selection.snapshots.length) return result;
    for (const { path, skipped } of result.outputs) if (!skipped) await rm(path, { force: true });
    const first = selection.snapshots.map(({ path }) => basename(path));
    throw new Error(prose`
      ${indir}: expected the ${first.length} snapshots that were there at first, got ${result.snapshots}; those at first:
      ${first.join(', ')}. Put them back and run the command again.`);
  };
  return {
    fingerprint: `${run} at ${time}`,
    t: time,
    tracked,
    tensors: new Map([...entries].map(([name, { shape }]) => [name, shape.reduce((product, n) => product * n, 1)])),
    sample: snapshots[0]?.path,
    reaches: (sigmaRel) => force || selection.synthesise(sigmaRel).profileError <= selection.maxProfileError,
    warningsOf: (sigmaRel) => made.get(sigmaRel)?.warnings ?? [],
    profileErrorOf: (sigmaRel) => made.get(sigmaRel)?.profileError,
    async prepare(sigmaRels, signal) {
      await mkdir(output, { recursive: true });
      const lengths = [...new Set(sigmaRels)];
      const { outputs } = await reconstructSame({
        input: indir,
        output,
        sigmaRels: lengths,
        t: time,
        skipExisting: true,
        ...OWN,
        signal,
      });
      for (const each of outputs) made.set(each.sigmaRel, each);
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
          await reconstructSame({
            input: indir,
            output: path,
            sigmaRels: [sigmaRel],
            tensorSigmaRels,
            t: time,
            ...OWN,
            signal,
          });
        },
      };
    },
  };
}
