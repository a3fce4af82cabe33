import type { Solver } from './denoiser.js';
import { integrate } from './integrate.js';

/**
 * Euler's method on `dx/dσ = (x − D(x; σ))/σ`: first order, one evaluation a step.
 *
 * @param denoiser - `D(x; σ)`.
 * @param noise - `[N, …]` float32 unit noise; multiplied by `sigmas[0]` inside.
 * @param options - sigmas, and optionally labels, churn with random, onStep, signal.
 * @returns new tensor of the noise's shape, at the last noise level.
 * @throws {RangeError | TypeError} when sigmas, churn, or what the denoiser returns is not as expected.
 * @see Karras et al. 2022 (2206.00364), Algorithm 2 without the correction.
 */
export const euler: Solver = (denoiser, noise, options) =>
  integrate('euler', denoiser, noise, options, async ({ x, sigma, next, evaluate, combine }) => {
    const denoised = await evaluate(x, sigma);
    return { x: combine([next / sigma, x], [1 - next / sigma, denoised]), denoised };
  });
