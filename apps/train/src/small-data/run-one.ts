import { join } from 'node:path';
import { openAverages } from '@edm2/app-scoring/sweep/averages';
import { scoreOf } from '@edm2/app-scoring/sweep/result';
import { sweepLengths } from '@edm2/app-scoring/sweep/sweep-lengths';
import { type Dataset, openDataset } from '@edm2/dataset';
import { countParameters } from '@edm2/edm2-unet';
import type { EngineReport } from '@edm2/engine';
import { type FeatureNetwork, gridClass, type Reference } from 'edm2/parts';
import { mnistFolder } from '../demo/mnist.js';
import { resolveRunConfig } from '../options/resolve.js';
import type { RunConfig } from '../options/run-config.js';
import { readLog } from '../run/log.js';
import { buildNetwork } from '../run/network.js';
import { exists, inRunFolder, listStates, prepareRunFolder } from '../run/run-folder.js';
import { trainRun } from '../run/train-run.js';
import { GRID_COLUMNS } from '../scoring/sample-snapshot.js';
import { BASIS, type SmallRun } from './runs.js';

/** Images that are held out of every run, besides those that are trained on. */
const HELD_OUT = 128;
/** Side of the images: what the classifier reads. */
const RESOLUTION = 16;
const LENGTHS = [0.05, 0.1, 0.2] as const;
/** Snapshots of a run: losses are measured with each. */
const SNAPSHOTS = 8;

/** How much work a run is. */
export interface SmallSize {
  /** Images that each run is trained on. */
  readonly images: number;
  /** Images of a scored set, and steps of the sampler. */
  readonly num: number;
  readonly steps: number;
}

/** Losses at one time of a run, means over noise levels. */
export interface LossPair {
  readonly nimg: number;
  readonly heldOut: number;
  readonly training: number;
}

/** A line of `results.jsonl`. */
export interface SmallResult {
  readonly name: string;
  readonly size: number;
  readonly change: SmallRun['change'];
  readonly images: number;
  readonly parameters: number;
  /** Losses after the first snapshot, at the end, and where the held-out loss was lowest. */
  readonly first: LossPair;
  readonly last: LossPair;
  readonly lowest: LossPair;
  /** Fréchet distances by EMA length. */
  readonly scores: readonly { readonly sigmaRel: number; readonly frechet: number; readonly labelAgreement: number }[];
  readonly n: number;
}

/** What {@link runOne} needs. */
export interface SmallRunOptions {
  readonly run: SmallRun;
  readonly sizes: SmallSize;
  readonly outdir: string;
  readonly engine: EngineReport;
  readonly network: FeatureNetwork;
  readonly reference: Reference;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  readonly command: string;
}

/** The digits of a row, those that are held out among them; with x-flips every digit and its mirror image. */
export const openDigits = ({ size, change }: SmallRun, seed: number): Promise<Dataset> =>
  openDataset(mnistFolder(), {
    split: 'train',
    resolution: RESOLUTION,
    maxSize: size + HELD_OUT,
    seed,
    xflip: change.xflip ?? false,
  });

/** Trains and scores one row; a run that was interrupted goes on where it was. */
export async function runOne(options: SmallRunOptions): Promise<SmallResult> {
  const { run, sizes, engine, network, reference, seed, signal } = options;
  const folder = join(options.outdir, run.name);
  const dataset = await openDigits(run, seed);
  const config = configOf(options, dataset);
  try {
    await train(options, config, dataset, folder);
  } finally {
    await dataset.close();
  }
  const log = await readLog(folder);
  const averages = await openAverages(folder, folder, { folder: join(folder, 'ema'), force: true });
  const { results } = await sweepLengths({
    lengths: LENGTHS,
    averages,
    engine,
    network,
    reference,
    settings: { steps: sizes.steps },
    classOf: (labelDim) => gridClass(labelDim, GRID_COLUMNS),
    batch: 100,
    seed: 0,
    num: sizes.num,
    onProgress: () => {},
    signal,
  });
  const pairs = log.flatMap(({ nimg, validation }): LossPair[] =>
    validation ? [{ nimg, heldOut: mean(validation.heldOut), training: mean(validation.training) }] : [],
  );
  const [lowest] = [...pairs].sort((a, b) => a.heldOut - b.heldOut);
  const [first] = pairs;
  const last = pairs.at(-1);
  if (!lowest || !first || !last)
    throw new Error(`small-data: expected losses on held-out images in ${folder}, got none.`);
  return {
    ...run,
    images: config.duration,
    parameters: countParameters(buildNetwork(config).unet),
    first,
    last,
    lowest,
    scores: results.map((result) => {
      const { frechet, labelAgreement } = scoreOf(result);
      return { sigmaRel: result.point.sigmaRel, frechet, labelAgreement };
    }),
    n: sizes.num,
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function configOf({ run, sizes, seed }: SmallRunOptions, dataset: Dataset): RunConfig {
  const given = {
    ...BASIS,
    preset: 'mnist',
    seed,
    duration: sizes.images,
    preview: 0,
    snapshot: Math.ceil(sizes.images / SNAPSHOTS),
    validation: HELD_OUT / dataset.sourceLength,
    ...run.change,
  };
  return { ...resolveRunConfig(given, dataset), data: 'mnist' };
}

async function train(
  { run, engine, signal, say, command }: SmallRunOptions,
  config: RunConfig,
  dataset: Dataset,
  folder: string,
): Promise<void> {
  await inRunFolder(folder, async () => {
    await prepareRunFolder(folder, config, await exists(join(folder, 'config.json')));
    const resume = (await listStates(folder)).length > 0;
    await trainRun({
      config,
      dataset,
      outdir: folder,
      engine,
      resume,
      signal,
      say,
      resumeCommand: command,
      title: run.name,
    });
  });
}
