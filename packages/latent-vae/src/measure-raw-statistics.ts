import { known } from '@edm2/options';
import type * as tf from '@tensorflow/tfjs-core';
import type { RawStatistics } from './latent-normalizer.js';

/** Means and deviations of one posterior or of many, `[…, C]` each. */
export interface RawBatch {
  readonly mean: tf.Tensor;
  readonly std: tf.Tensor;
}

/** Options of {@link measureRawStatistics}. */
export interface MeasureOptions {
  /** Take the statistics of the means alone, for latents made without noise. Default false. */
  readonly meanOnly?: boolean;
  /** Called after each batch with the number of latent pixels so far. */
  readonly onProgress?: ((pixels: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What {@link measureRawStatistics} returns: fit for `createLatentNormalizer` as it is. */
export interface MeasuredStatistics extends RawStatistics {
  /** Latent pixels (values of each channel) that were seen. */
  readonly pixels: number;
  /** Standard deviation of the means alone: what mean-only latents have. */
  readonly meanOnlyStd: readonly number[];
  /** Share of each channel's variance that is the posterior's noise: what mean-only latents leave out, 0 … 1. */
  readonly noiseShare: readonly number[];
}

/**
 * Mean and standard deviation of raw latents by channel, over any amount of data: batches are read one after another, sums
 * are float64 and merged as Chan et al. do, so that neither order nor number of batches matters beyond rounding.
 *
 * The deviation is that of samples `mean + std·noise`, without drawing any: `√(Var(mean) + E(std²))`.
 *
 * @param batches - posteriors of an encoder, or `splitRawLatents` of stored ones; the caller disposes them.
 * @throws {RangeError} when there are no latents, shapes differ, a value is not finite, or a channel never changes.
 */
export async function measureRawStatistics(
  batches: Iterable<RawBatch> | AsyncIterable<RawBatch>,
  options: MeasureOptions = {},
): Promise<MeasuredStatistics> {
  const names = { meanOnly: true, onProgress: true, signal: true } as const;
  const { meanOnly = false, onProgress, signal } = known('measureRawStatistics', options, names);
  const total: Sums = { pixels: 0, mean: new Float64Array(), squares: new Float64Array(), noise: new Float64Array() };
  for await (const { mean, std } of batches) {
    signal?.throwIfAborted();
    const channels = mean.shape.at(-1) ?? 0;
    if (total.pixels > 0 && channels !== total.mean.length)
      fail(`${total.mean.length} channels in every batch`, `[${mean.shape}]`);
    if (std.shape.join() !== mean.shape.join()) fail('std of the shape of mean', `[${std.shape}] and [${mean.shape}]`);
    merge(total, sumsOf(await mean.data<'float32'>(), await std.data<'float32'>(), channels));
    onProgress?.(total.pixels);
  }
  const { pixels } = total;
  if (pixels === 0) fail('at least one latent', 'none');
  const variance = [...total.squares].map((squares) => squares / pixels);
  const noise = [...total.noise].map((sum) => sum / pixels);
  const sampled = variance.map((v, c) => v + (noise[c] ?? 0));
  const rawStd = (meanOnly ? variance : sampled).map(Math.sqrt);
  if (!rawStd.every((value) => value > 0)) fail('channels that change', `deviations [${rawStd}]`);
  return {
    pixels,
    rawMean: [...total.mean],
    rawStd,
    meanOnlyStd: variance.map(Math.sqrt),
    noiseShare: noise.map((value, c) => value / (sampled[c] || 1)),
  };
}

interface Sums {
  pixels: number;
  mean: Float64Array;
  /** Sums of squared distances from the mean. */
  squares: Float64Array;
  /** Sums of std². */
  noise: Float64Array;
}

function sumsOf(means: Float32Array, stds: Float32Array, channels: number): Sums {
  const pixels = means.length / channels;
  const mean = new Float64Array(channels);
  const squares = new Float64Array(channels);
  const noise = new Float64Array(channels);
  for (let i = 0; i < means.length; i++)
    mean[i % channels] = (mean[i % channels] as number) + (means[i] as number) / pixels;
  for (let i = 0; i < means.length; i++) {
    const c = i % channels;
    squares[c] = (squares[c] as number) + ((means[i] as number) - (mean[c] as number)) ** 2;
    noise[c] = (noise[c] as number) + (stds[i] as number) ** 2;
  }
  if (![...squares, ...noise].every(Number.isFinite)) fail('finite values', 'NaN or infinity in a batch');
  return { pixels, mean, squares, noise };
}

/** Adds `more` to `total`, in place. */
function merge(total: Sums, more: Sums): void {
  if (more.pixels === 0) return;
  if (total.pixels === 0) {
    Object.assign(total, more);
    return;
  }
  const pixels = total.pixels + more.pixels;
  for (let c = 0; c < total.mean.length; c++) {
    const apart = (more.mean[c] as number) - (total.mean[c] as number);
    const between = (apart ** 2 * total.pixels * more.pixels) / pixels;
    total.mean[c] = (total.mean[c] as number) + (apart * more.pixels) / pixels;
    total.squares[c] = (total.squares[c] as number) + (more.squares[c] as number) + between;
    total.noise[c] = (total.noise[c] as number) + (more.noise[c] as number);
  }
  total.pixels = pixels;
}

function fail(expected: string, actual: string): never {
  throw new RangeError(
    `measureRawStatistics: expected ${expected}, got ${actual}. Pass means and deviations from one encoder, or splitRawLatents of stored latents.`,
  );
}
