import { known, type OptionNames } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';

/** Statistics of raw latents, by channel. */
export interface RawStatistics {
  readonly rawMean: readonly number[];
  /** Standard deviation, > 0. */
  readonly rawStd: readonly number[];
}

/** Options of {@link createLatentNormalizer}. */
export interface LatentNormalizerOptions extends RawStatistics {
  /** Mean of the latents that a diffusion model sees. Default 0. */
  readonly finalMean?: number;
  /** Their standard deviation: its `sigmaData`. Default 0.5. */
  readonly finalStd?: number;
}

/** Measured statistics are taken as they are, with what they say besides. */
const OPTIONS: OptionNames<LatentNormalizerOptions & Record<'pixels' | 'meanOnlyStd' | 'noiseShare', unknown>> = {
  rawMean: true,
  rawStd: true,
  finalMean: true,
  finalStd: true,
  pixels: true,
  meanOnlyStd: true,
  noiseShare: true,
};

/** Raw latents to what a diffusion model is trained on, and back. */
export interface LatentNormalizer {
  /** What it was made from, plain data: what a snapshot's metadata keeps. */
  readonly options: Required<LatentNormalizerOptions>;
  /** Factor of each channel, `finalStd / rawStd`, float32. */
  readonly scale: Float32Array;
  /** Added to each channel, `finalMean − rawMean·scale`, float32. */
  readonly bias: Float32Array;
  /**
   * `(mean + std·noise)·scale + bias`; without `noise`, the means alone.
   *
   * @param mean - `[…, C]`, of the autoencoder's posterior.
   * @param std - its standard deviation, the same shape.
   * @param noise - standard normal, the same shape; undefined for the mean-only latent.
   * @returns new tensor.
   */
  toLatents<T extends tf.Tensor>(mean: T, std?: T | undefined, noise?: T | undefined): T;
  /** `(latents − bias) / scale`: what the autoencoder decodes. New tensor. */
  toRaw<T extends tf.Tensor>(latents: T): T;
}

/** The statistics that EDM2 assumes of Stable Diffusion's autoencoder, fed with pixels in [0, 1]. */
export const STABLE_DIFFUSION_RAW: RawStatistics = {
  rawMean: [5.81, 3.25, 0.12, -2.15],
  rawStd: [4.17, 4.62, 3.71, 3.28],
};

/**
 * Standardises raw latents channel by channel. All arithmetic is float32, as in EDM2.
 *
 * @param options - `STABLE_DIFFUSION_RAW`, or what `measureRawStatistics` found for another autoencoder.
 * @throws {RangeError} when the lists differ in length, or a value is not finite or a deviation not positive.
 */
export function createLatentNormalizer(options: LatentNormalizerOptions): LatentNormalizer {
  const { rawMean, rawStd, finalMean = 0, finalStd = 0.5 } = known('createLatentNormalizer', options, OPTIONS);
  const channels = rawMean.length;
  if (channels === 0 || rawStd.length !== channels)
    fail('a mean and a deviation for each channel', `${channels} and ${rawStd.length}`);
  if (![...rawMean, finalMean].every(Number.isFinite)) fail('finite means', `[${rawMean}] and ${finalMean}`);
  if (![...rawStd, finalStd].every((std) => Number.isFinite(std) && std > 0))
    fail('positive deviations', `[${rawStd}] and ${finalStd}`);
  const scale = Float32Array.from(rawStd, (std) => finalStd / Math.fround(std));
  const bias = Float32Array.from(
    rawMean,
    (mean, c) => finalMean - Math.fround(Math.fround(mean) * (scale[c] as number)),
  );
  const row = (values: Float32Array): tf.Tensor1D => tf.tensor1d(values);
  const check = (fn: string, x: tf.Tensor): void => {
    if (x.shape.at(-1) !== channels)
      throw new RangeError(
        `${fn}: expected ${channels} channels on the last axis, got [${x.shape}]. Use the statistics of this very autoencoder.`,
      );
  };
  return {
    options: { rawMean: [...rawMean], rawStd: [...rawStd], finalMean, finalStd },
    scale,
    bias,
    toLatents<T extends tf.Tensor>(mean: T, std?: T, noise?: T): T {
      check('toLatents', mean);
      if (noise && !std)
        throw new RangeError('toLatents: expected std with noise, got none. Pass the deviations, or leave noise out.');
      return tf.tidy(() => {
        const raw = noise && std ? tf.add<T>(mean, tf.mul(std, noise)) : mean;
        return tf.add<T>(tf.mul(raw, row(scale)), row(bias));
      });
    },
    toRaw<T extends tf.Tensor>(latents: T): T {
      check('toRaw', latents);
      return tf.tidy(() => tf.div<T>(tf.sub(latents, row(bias)), row(scale)));
    },
  };
}

function fail(expected: string, actual: string): never {
  throw new RangeError(
    `createLatentNormalizer: expected ${expected}, got ${actual}. Measure them over encoded images.`,
  );
}
