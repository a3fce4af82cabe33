import { powerEmaBeta, sigmaRelToGamma } from '@edm2/phema';

/** Steps of the training that train.js pretends to do, and images in each. */
export const STEPS = 2000;
export const BATCH = 64;

/** The weights after a step: they settle, and jitter less and less. */
export const weightsAt = (step) =>
  Float64Array.from({ length: 12 }, (_, i) => 1 / (i + 1) + Math.cos(i + step / 200) * Math.exp(-step / 800));

/** Calls `onStep(t, averages)` after every step with the running averages of the given lengths. */
export function average(sigmaRels, onStep) {
  const averages = sigmaRels.map(() => weightsAt(1));
  for (let step = 1; step <= STEPS; step++) {
    const t = step * BATCH;
    const now = weightsAt(step);
    averages.forEach((ema, k) => {
      const beta = powerEmaBeta(sigmaRelToGamma(sigmaRels[k]), t, BATCH);
      for (let i = 0; i < ema.length; i++) ema[i] = beta * ema[i] + (1 - beta) * now[i];
    });
    onStep(t, averages);
  }
}
