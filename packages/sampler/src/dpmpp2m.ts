import type * as tf from '@tensorflow/tfjs-core';
import type { Solver } from './denoiser.js';
import { integrate } from './integrate.js';

/**
 * DPM-Solver++(2M) for `x = clean + σ·noise`: second order from one evaluation a step, the estimate of the step before
 * serving as the second point. The first step, and one to σ = 0, are first order.
 *
 * With `λ = −ln σ`, `h = λ_next − λ`, `r = (λ − λ_prev)/h`:
 * `x ← (σ_next/σ)·x + (1 − e^{−h})·((1 + 1/2r)·D − 1/2r·D_prev)`.
 *
 * Churn that lifts a step above the one before leaves no second point; that step is first order too.
 *
 * @param denoiser - `D(x; σ)`.
 * @param noise - `[N, …]` float32 unit noise; multiplied by `sigmas[0]` inside.
 * @param options - sigmas, and optionally labels, churn with random, onStep, signal.
 * @returns new tensor of the noise's shape, at the last noise level.
 * @throws {RangeError | TypeError} when sigmas, churn, or what the denoiser returns is not as expected.
 * @see Lu et al. 2022 (2211.01095), Algorithm 2.
 */
export const dpmpp2m: Solver = (denoiser, noise, options) => {
  let previous: { denoised: tf.Tensor; sigma: number } | undefined;
  return integrate('dpmpp2m', denoiser, noise, options, async ({ x, sigma, next, evaluate, combine }) => {
    const denoised = await evaluate(x, sigma);
    const ratio = next / sigma;
    const before = previous;
    previous = { denoised, sigma };
    if (next === 0 || before === undefined || before.sigma <= sigma)
      return { x: combine([ratio, x], [1 - ratio, denoised]), denoised };
    const extrapolation = Math.log(sigma / next) / (2 * Math.log(before.sigma / sigma));
    return {
      x: combine(
        [ratio, x],
        [(1 - ratio) * (1 + extrapolation), denoised],
        [-(1 - ratio) * extrapolation, before.denoised],
      ),
      denoised,
    };
  });
};
