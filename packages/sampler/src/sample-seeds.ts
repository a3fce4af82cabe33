import { known, type OptionNames } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import type { Denoiser, Solver, SolverOptions } from './denoiser.js';
import { heun } from './heun.js';
import { karrasSchedule } from './schedule.js';
import { openLabels, type SeedLabels } from './seed-labels.js';
import { seedChurnNoise, seedNoise } from './seeds.js';

/** Batches no larger than this when none is given: what small machines bear for small nets. */
const DEFAULT_BATCH = 64;

/** What to sample, and how. */
export interface SampleSeedsOptions extends Pick<SolverOptions, 'churn' | 'onStep' | 'signal'> {
  /** Called with the same batch size every time. */
  readonly denoiser: Denoiser;
  /** One image each; safe integers. */
  readonly seeds: Iterable<number>;
  /** Shape of one image, without the batch axis: `[H, W, C]`. */
  readonly shape: readonly number[];
  /** Conditioning; default none. */
  readonly labels?: SeedLabels | undefined;
  /** Length of a label row, the network's `labelDim`: needed where `labels` returns classes, checked where it is given. */
  readonly labelDim?: number | undefined;
  /** Default `heun`. */
  readonly solver?: Solver | undefined;
  /** Noise levels, default `karrasSchedule()`. */
  readonly sigmas?: ArrayLike<number> | undefined;
  /** Images at a time, ≥ 1; default: equal shares of at most 64. */
  readonly batch?: number | undefined;
}

/** Some of the images asked for. */
export interface SeedBatch {
  /** The seeds, in the order asked for. */
  readonly seeds: number[];
  /** `[seeds, …shape]` float32, the caller's to dispose. */
  readonly images: tf.Tensor;
}

const OPTIONS: OptionNames<SampleSeedsOptions> = {
  denoiser: true,
  seeds: true,
  shape: true,
  labels: true,
  labelDim: true,
  solver: true,
  sigmas: true,
  batch: true,
  churn: true,
  onStep: true,
  signal: true,
};

/**
 * Samples one image per seed, batch by batch. Noise, churn and label of an image come from its seed alone, so it is the
 * same image in any batch, order or company (bit for bit where the denoiser's rows do not depend on each other).
 *
 * A last batch that is not full is filled up with repeats, which are dropped again: a compiled denoiser sees one shape.
 *
 * @returns batches in the order of the seeds; stopping early, aborting or an error leaves no tensor behind.
 * @throws {RangeError} when batch, shape or labels are not as expected.
 */
export async function* sampleSeeds(options: SampleSeedsOptions): AsyncGenerator<SeedBatch, void, undefined> {
  const {
    denoiser,
    seeds,
    shape,
    labels,
    labelDim,
    solver = heun,
    sigmas = karrasSchedule(),
    batch,
    churn,
    onStep,
    signal,
  } = known('sampleSeeds', options, OPTIONS);
  const all = [...seeds];
  const size = batch ?? Math.ceil(all.length / Math.ceil(all.length / DEFAULT_BATCH));
  if (all.length > 0 && !(Number.isInteger(size) && size >= 1))
    throw new RangeError(`sampleSeeds: expected a whole batch ≥ 1, got ${size}. Give the number of images at a time.`);
  if (!shape.every((n) => Number.isInteger(n) && n >= 1))
    throw new RangeError(`sampleSeeds: expected shape [H, W, C] of one image, got [${shape}].`);
  const labelRow = await openLabels(labels, labelDim, all);

  for (let start = 0; start < all.length; start += size) {
    signal?.throwIfAborted();
    const mine = all.slice(start, start + size);
    const rows = Array.from({ length: size }, (_, i) => start + Math.min(i, mine.length - 1));
    const noiseOf = (values: (seed: number) => Float32Array): tf.Tensor =>
      stack(
        rows.map((row) => values(all[row] as number)),
        shape,
      );
    const noise = noiseOf((seed) => seedNoise(seed, shape));
    let labelRows: tf.Tensor | undefined;
    let full: tf.Tensor | undefined;
    try {
      const given = labelRow && rows.map(labelRow);
      labelRows = given && stack(given, [given[0]?.length ?? 0]);
      full = await solver(denoiser, noise, {
        sigmas,
        labels: labelRows,
        churn,
        random: (step) => noiseOf((seed) => seedChurnNoise(seed, shape, step)),
        onStep,
        signal,
      });
    } finally {
      tf.dispose([noise, labelRows ?? []]);
    }
    yield { seeds: mine, images: mine.length === size ? full : firstRows(full, mine.length) };
  }
}

function stack(rows: readonly ArrayLike<number>[], shape: readonly number[]): tf.Tensor {
  const length = rows[0]?.length ?? 0;
  const data = new Float32Array(rows.length * length);
  rows.forEach((row, i) => {
    data.set(row, i * length);
  });
  return tf.tensor(data, [rows.length, ...shape], 'float32');
}

/** Consumes `images`. */
function firstRows(images: tf.Tensor, count: number): tf.Tensor {
  const kept = tf.slice(images, [0], [count]);
  images.dispose();
  return kept;
}
