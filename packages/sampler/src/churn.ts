import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import type { Churn, NoiseSource } from './denoiser.js';

/** Beyond this the added noise would have more variance than what is there (2206.00364, Algorithm 2). */
const MAX_GAMMA = Math.SQRT2 - 1;

/** Raises a sample's noise level before a step: `apply` returns the new level and sample, or undefined where nothing is added. */
export interface Churner {
  apply(x: tf.Tensor, sigma: number, step: number): { x: tf.Tensor; sigma: number } | undefined;
}

/**
 * Checks the options once and opens the noise source.
 *
 * @throws {RangeError | TypeError} when a number is out of range, or there is something to churn and no noise.
 */
export function createChurner(
  fn: string,
  churn: Churn | undefined,
  random: NoiseSource | undefined,
  steps: number,
): Churner {
  if (churn === undefined) return { apply: () => undefined };
  const names = { sChurn: true, sMin: true, sMax: true, sNoise: true } as const;
  const { sChurn, sMin = 0, sMax = Number.POSITIVE_INFINITY, sNoise = 1 } = known(`${fn}: churn`, churn, names);
  if (!(sChurn >= 0 && sMin >= 0 && sMax >= sMin && sNoise >= 0))
    throw new RangeError(
      `${fn}: expected sChurn ≥ 0, 0 ≤ sMin ≤ sMax, sNoise ≥ 0, got ${sChurn}, ${sMin}, ${sMax}, ${sNoise}. sChurn 0 is deterministic.`,
    );
  if (sChurn === 0) return { apply: () => undefined };
  if (random === undefined)
    throw new TypeError(
      `${fn}: expected random where churn adds noise, got none. Pass a function (step) => tensor or a stream of @edm2/random.`,
    );
  const gamma = Math.min(sChurn / steps, MAX_GAMMA);
  const draw = openNoise(fn, random);
  return {
    apply(x, sigma, step) {
      if (!(sigma >= sMin && sigma <= sMax)) return undefined;
      const raised = sigma * (1 + gamma);
      const added = Math.sqrt(raised ** 2 - sigma ** 2) * sNoise;
      // Drawn inside the tidy: what the source creates is freed, what it already held is not.
      return { x: tf.tidy(() => tf.add(x, tf.mul(draw(step, x.shape), added))), sigma: raised };
    },
  };
}

function openNoise(fn: string, random: NoiseSource): (step: number, shape: number[]) => tf.Tensor {
  const checked = (noise: tf.Tensor | undefined, shape: number[]): tf.Tensor => {
    if (noise === undefined || !tf.util.arraysEqual(noise.shape, shape))
      throw new RangeError(
        `${fn}: expected noise of shape [${shape}] from random, got ${noise ? `[${noise.shape}]` : 'none'}. Give unit noise for every churned step.`,
      );
    return noise;
  };
  if (typeof random === 'function') return (step, shape) => checked(random(step), shape);
  if ('normal' in random) return (_, shape) => tf.tensor(random.normal(tf.util.sizeFromShape(shape)), shape, 'float32');
  const stored = random[Symbol.iterator]();
  return (_, shape) => checked(stored.next().value as tf.Tensor | undefined, shape);
}
