import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';

/** What every weight needs to know about the data. */
export interface WeightOptions {
  /** Standard deviation of the data, > 0. */
  readonly sigmaData?: number;
}

/** Options of {@link minSnrWeight} and {@link softMinSnrWeight}. */
export interface SnrWeightOptions extends WeightOptions {
  /** Signal-to-noise ratio at which the weight saturates, > 0. */
  readonly gamma?: number;
}

/** Options of {@link sigmoidWeight}. */
export interface SigmoidWeightOptions extends WeightOptions {
  /** Log signal-to-noise ratio at which the weight starts to saturate. */
  readonly bias?: number;
}

/** A loss weight: noise levels `[N]` to factors `[N]` of the squared error of the denoised image. */
export type LossWeight = (sigma: tf.Tensor, options?: WeightOptions) => tf.Tensor;

/**
 * EDM's weight `λ(σ) = (σ² + σd²) / (σ·σd)²`, which gives the network's own output a loss of about 1 at every σ at the start.
 *
 * @param sigma - `[N]` (or any shape) float32 noise levels, > 0.
 * @returns new tensor of `sigma`'s shape, for the squared error of the denoised image.
 * @throws {RangeError} when sigmaData is not > 0.
 * @see Karras et al. 2022 (EDM), Table 1 "loss weighting"; Karras et al. 2024, section 2.1.
 */
export function edmWeight<R extends tf.Rank>(sigma: tf.Tensor<R>, options: WeightOptions = {}): tf.Tensor<R> {
  const { sigmaData = 0.5 } = known('edmWeight', options, { sigmaData: true });
  assertPositive('edmWeight', 'sigmaData', sigmaData);
  // 1/σ² + 1/σd² is the same number with fewer roundings.
  return tf.tidy(() => tf.add(tf.square(tf.reciprocal(sigma)), 1 / sigmaData ** 2));
}

/**
 * Min-SNR-γ: `min(SNR, γ)` with `SNR = σd²/σ²`.
 *
 * The paper writes it for data of unit variance; dividing data and noise by σd gives the SNR above and leaves γ what it was.
 *
 * @param sigma - `[N]` (or any shape) float32 noise levels, > 0.
 * @returns new tensor of `sigma`'s shape, in (0, γ], for the squared error of the denoised image (the paper's x₀ form).
 * @throws {RangeError} when sigmaData or gamma is not > 0.
 * @see Hang et al. 2023, "Efficient Diffusion Training via Min-SNR Weighting Strategy" (arXiv 2303.09556), section 3.4; γ = 5.
 */
export function minSnrWeight<R extends tf.Rank>(sigma: tf.Tensor<R>, options: SnrWeightOptions = {}): tf.Tensor<R> {
  const { sigmaData = 0.5, gamma = 5 } = known('minSnrWeight', options, { sigmaData: true, gamma: true });
  assertPositive('minSnrWeight', 'sigmaData', sigmaData);
  assertPositive('minSnrWeight', 'gamma', gamma);
  return tf.tidy(() => tf.minimum(tf.square(tf.div(sigmaData, sigma)), gamma));
}

/**
 * Soft min-SNR: `SNR·γ / (SNR + γ)`, a smooth minimum of `SNR = σd²/σ²` and γ.
 *
 * The default γ = 1 is the published choice: its authors write `1 / (σ² + 1/γ')` with `SNR = 1/σ²` and γ' = σd⁻², which is
 * this weight divided by σd².
 *
 * @param sigma - `[N]` (or any shape) float32 noise levels, > 0.
 * @returns new tensor of `sigma`'s shape, in (0, γ), for the squared error of the denoised image.
 * @throws {RangeError} when sigmaData or gamma is not > 0.
 * @see Crowson et al. 2024, "Hourglass Diffusion Transformers" (arXiv 2401.11605), section on loss weighting.
 */
export function softMinSnrWeight<R extends tf.Rank>(sigma: tf.Tensor<R>, options: SnrWeightOptions = {}): tf.Tensor<R> {
  const { sigmaData = 0.5, gamma = 1 } = known('softMinSnrWeight', options, { sigmaData: true, gamma: true });
  assertPositive('softMinSnrWeight', 'sigmaData', sigmaData);
  assertPositive('softMinSnrWeight', 'gamma', gamma);
  // The same as σd² / (σ² + σd²/γ): finite at any σ, where SNR itself may overflow.
  return tf.tidy(() => tf.div(sigmaData ** 2, tf.add(tf.square(sigma), sigmaData ** 2 / gamma)));
}

/**
 * Sigmoid weight: `SNR · sigmoid(bias − ln SNR)` with `SNR = σd²/σ²`.
 *
 * The paper weighs the error of the predicted noise by `sigmoid(bias − ln SNR)`; the error of the denoised image is that of the
 * noise divided by the SNR, hence the factor. Algebraically it is {@link softMinSnrWeight} with γ = e^bias.
 *
 * @param sigma - `[N]` (or any shape) float32 noise levels, > 0.
 * @returns new tensor of `sigma`'s shape, in (0, e^bias), for the squared error of the denoised image.
 * @throws {RangeError} when sigmaData is not > 0 or bias is not finite.
 * @see Kingma & Gao 2023, "Understanding Diffusion Objectives as the ELBO" (arXiv 2303.00848), the sigmoid weighting, k = 2;
 *      Hoogeboom et al. 2024, "Simpler Diffusion (SiD2)" (arXiv 2410.19324).
 */
export function sigmoidWeight<R extends tf.Rank>(
  sigma: tf.Tensor<R>,
  options: SigmoidWeightOptions = {},
): tf.Tensor<R> {
  const { sigmaData = 0.5, bias = 2 } = known('sigmoidWeight', options, { sigmaData: true, bias: true });
  assertPositive('sigmoidWeight', 'sigmaData', sigmaData);
  if (!Number.isFinite(bias))
    throw new RangeError(`sigmoidWeight: expected a finite bias, got ${bias}. Pass a log signal-to-noise ratio.`);
  return softMinSnrWeight(sigma, { sigmaData, gamma: Math.exp(bias) });
}

function assertPositive(fn: string, name: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new RangeError(`${fn}: expected ${name} > 0, got ${value}. Pass a positive finite number.`);
}
