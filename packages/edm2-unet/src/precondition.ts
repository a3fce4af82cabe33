import { kindOf, known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import type { Params } from './network.js';
import type { ApplyOptions, UNet } from './unet.js';

/** Options of {@link precondition}. */
export interface PreconditionOptions {
  /** Standard deviation of the data, positive. */
  readonly sigmaData?: number;
}

/**
 * D(x; σ): noisy images in, the network's estimate of the clean ones out.
 *
 * @param x - `[N, H, W, C]`, clean image plus noise of standard deviation σ.
 * @param sigma - `[N]`, positive; a number is the noise level of all images.
 * @param labels - as `UNet.apply`.
 * @returns new tensor `[N, H, W, C]`.
 * @throws {RangeError} as `UNet.apply`.
 */
export type Denoise = (
  x: tf.Tensor4D,
  sigma: tf.Tensor | number,
  labels?: tf.Tensor | undefined,
  options?: ApplyOptions,
) => tf.Tensor4D;

/**
 * Wraps the raw network F so that its input and target have unit variance at every noise level:
 * `D(x; σ) = c_skip·x + c_out·F(c_in·x; c_noise, label)` with `c_skip = σd²/(σ² + σd²)`, `c_out = σ·σd/√(σ² + σd²)`,
 * `c_in = 1/√(σ² + σd²)`, `c_noise = ln(σ)/4`.
 *
 * Pure: constant parameters may be captured, so that a compiler folds whatever depends on them alone.
 *
 * @throws {RangeError} when sigmaData is not positive.
 * @see Karras et al. 2022 (EDM), Table 1; Karras et al. 2024, eq. 4.
 */
export function precondition(unet: UNet, options: PreconditionOptions = {}): (params: Params) => Denoise {
  const { sigmaData = 0.5 } = known('precondition', options, { sigmaData: true });
  if (!(sigmaData > 0 && Number.isFinite(sigmaData)))
    throw new RangeError(`precondition: expected sigmaData > 0, got ${sigmaData}. EDM2 uses 0.5.`);
  const variance = sigmaData ** 2;
  return (params) => (x, level, labels, run) => {
    checkSigma(level, x);
    return tf.tidy(() => {
      const sigma = typeof level === 'number' ? tf.fill([x.shape[0]], level) : level;
      const s = tf.reshape(sigma, [-1, 1, 1, 1]);
      const total = tf.add(tf.square(s), variance);
      const cIn = tf.reciprocal(tf.sqrt(total));
      const cSkip = tf.div(variance, total);
      const cOut = tf.mul(tf.mul(s, sigmaData), cIn);
      const cNoise = tf.mul(tf.log(sigma), 1 / 4);
      const f = unet.apply(params, tf.mul(x, cIn), cNoise, labels, run);
      return tf.add(tf.mul(x, cSkip), tf.mul(f, cOut)) as tf.Tensor4D;
    });
  };
}

function checkSigma(sigma: tf.Tensor | number, x: tf.Tensor): void {
  const n = x.shape[0];
  if (typeof sigma === 'number') {
    if (!(sigma > 0 && Number.isFinite(sigma)))
      throw new RangeError(`precondition: expected sigma > 0, got ${sigma}. It is the noise level of x.`);
  } else if (sigma?.shape?.join() !== `${n}`) {
    const actual = sigma?.shape ? `shape [${sigma.shape}]` : kindOf(sigma);
    throw new RangeError(
      `precondition: expected sigma of shape [${n}], or a number for all images, got ${actual}. One noise level an image.`,
    );
  }
}
