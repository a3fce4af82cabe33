import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';

/** Where training noise levels lie: `ln σ ~ N(pMean, pStd²)`. */
export interface SampleSigmasOptions {
  /** Mean of ln σ. */
  readonly pMean?: number;
  /** Standard deviation of ln σ, ≥ 0. */
  readonly pStd?: number;
}

/**
 * Noise levels of a training batch, `σ = exp(pMean + pStd·z)`.
 *
 * Draws nothing itself: the standard normals come from the caller, so a batch is reproducible on every engine.
 *
 * @param normals - `[N]` (or any shape) float32 draws `z` of N(0, 1).
 * @param options - defaults are EDM2's for ImageNet-512 latents; its ImageNet-64 nets use −0.8 and 1.6.
 * @returns new tensor of the same shape, every σ > 0.
 * @throws {RangeError} when pMean is not finite, or pStd is negative or not finite.
 * @see Karras et al. 2022 (EDM), Table 1 "noise distribution"; values: Karras et al. 2024, Table 6.
 */
export function sampleSigmas<R extends tf.Rank>(
  normals: tf.Tensor<R>,
  options: SampleSigmasOptions = {},
): tf.Tensor<R> {
  const { pMean = -0.4, pStd = 1.0 } = known('sampleSigmas', options, { pMean: true, pStd: true });
  if (!Number.isFinite(pMean))
    throw new RangeError(`sampleSigmas: expected a finite pMean, got ${pMean}. Pass the mean of ln σ.`);
  if (!(pStd >= 0 && pStd < Number.POSITIVE_INFINITY))
    throw new RangeError(`sampleSigmas: expected pStd ≥ 0, got ${pStd}. Pass the standard deviation of ln σ.`);
  return tf.tidy(() => tf.exp(tf.add<tf.Tensor<R>>(tf.mul(normals, pStd), pMean)));
}
