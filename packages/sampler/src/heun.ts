import type { Solver } from './denoiser.js';
import { integrate } from './integrate.js';

/**
 * Heun's method on `dx/dσ = (x − D(x; σ))/σ`, the sampler of EDM and EDM2: an Euler step, then the trapezoidal rule;
 * second order, two evaluations a step and one for the step to 0 (32 steps: 63).
 *
 * @param denoiser - `D(x; σ)`.
 * @param noise - `[N, …]` float32 unit noise; multiplied by `sigmas[0]` inside.
 * @param options - sigmas, and optionally labels, churn with random, onStep, signal.
 * @returns new tensor of the noise's shape, at the last noise level.
 * @throws {RangeError | TypeError} when sigmas, churn, or what the denoiser returns is not as expected.
 * @see Karras et al. 2022 (2206.00364), Algorithms 1 and 2.
 */
export const heun: Solver = (denoiser, noise, options) =>
  integrate('heun', denoiser, noise, options, async ({ x, sigma, next, evaluate, combine, release }) => {
    const denoised = await evaluate(x, sigma);
    const predicted = combine([next / sigma, x], [1 - next / sigma, denoised]);
    if (next === 0) return { x: predicted, denoised };
    const second = await evaluate(predicted, next);
    // x + h/2·(d + d′) with h = next − σ, d = (x − D)/σ, d′ = (x′ − D′)/next, gathered by tensor.
    const here = (next - sigma) / (2 * sigma);
    const there = (next - sigma) / (2 * next);
    const corrected = combine([1 + here, x], [-here, denoised], [there, predicted], [-there, second]);
    release(predicted, second);
    return { x: corrected, denoised };
  });
