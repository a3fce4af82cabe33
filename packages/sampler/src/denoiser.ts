import type * as tf from '@tensorflow/tfjs-core';

/**
 * Anything that estimates the clean image in a noisy one: `D(x; σ)`. Compiled or not, local or remote.
 *
 * @param x - `[N, …]` float32, clean image + noise of standard deviation sigma; the sampler's to dispose.
 * @param sigma - `[N]` float32, the noise level, > 0.
 * @param labels - what the sampler was given as `labels`, untouched.
 * @returns a new tensor of x's shape (or a promise of one), which the sampler disposes.
 */
export type Denoiser = DenoiserMethod['denoise'];

/** Declared as a method because a method's arguments may be narrower: a denoiser of `Tensor4D` images is a Denoiser. */
interface DenoiserMethod {
  denoise(x: tf.Tensor, sigma: tf.Tensor, labels?: tf.Tensor): tf.Tensor | Promise<tf.Tensor>;
}

/** What a caller learns after each step. */
export interface StepInfo {
  /** The step just done, 0 … steps − 1. */
  readonly step: number;
  /** Number of steps in all. */
  readonly steps: number;
  /** Noise level that the step arrived at. */
  readonly sigma: number;
  /** The sample at that level; valid until the callback's result settles, not to be disposed. */
  readonly x: tf.Tensor;
  /** The step's first estimate of the clean image: what a preview shows; likewise. */
  readonly denoised: tf.Tensor;
}

/** A source of standard normal values, such as a stream of `@edm2/random`. */
export interface NormalStream {
  normal(n: number): Float32Array;
}

/**
 * Fresh unit noise for stochastic steps: a function of the step (0-based) that returns a tensor of the sample's shape
 * (tensors that it creates are disposed, those that it had before are not), a stream, or tensors taken in order. Asked
 * only for steps that add noise.
 */
export type NoiseSource = ((step: number) => tf.Tensor) | NormalStream | Iterable<tf.Tensor>;

/**
 * Stochasticity: before a step at noise level σ in [sMin, sMax], noise is added up to `σ·(1 + γ)` with
 * `γ = min(sChurn / steps, √2 − 1)`.
 *
 * @see Karras et al. 2022 (2206.00364), Algorithm 2.
 */
export interface Churn {
  /** Overall amount, ≥ 0; 0 = deterministic. */
  readonly sChurn: number;
  /** Lowest noise level that is churned, default 0. */
  readonly sMin?: number;
  /** Highest, default ∞. */
  readonly sMax?: number;
  /** Standard deviation of the noise added, default 1. */
  readonly sNoise?: number;
}

/** What every solver takes beside denoiser and noise. */
export interface SolverOptions {
  /** Noise levels, strictly decreasing, the first > 0, the last ≥ 0 (usually 0): steps + 1 numbers; `karrasSchedule()`. */
  readonly sigmas: ArrayLike<number>;
  /** Handed to the denoiser as is. */
  readonly labels?: tf.Tensor | undefined;
  /** Stochasticity; needs `random`. */
  readonly churn?: Churn | undefined;
  /** Where churn takes its noise from. */
  readonly random?: NoiseSource | undefined;
  /** Called, and awaited, after every step. */
  readonly onStep?: ((info: StepInfo) => void | Promise<void>) | undefined;
  /** Stops before the next evaluation; the solver rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Integrates from noise to image.
 *
 * @param denoiser - see `Denoiser`.
 * @param noise - `[N, …]` float32 **unit** noise: the solver multiplies by `sigmas[0]`. Left as it is.
 * @returns a new tensor of the noise's shape. Nothing else is left behind, even when it rejects.
 */
export type Solver = (denoiser: Denoiser, noise: tf.Tensor, options: SolverOptions) => Promise<tf.Tensor>;
