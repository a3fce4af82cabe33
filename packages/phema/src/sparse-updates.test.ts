import { sigmaRelToGamma, synthesisWeights } from '@edm2/phema';
import { expect, test } from 'vitest';

/** Averages as ema-pytorch keeps them of a path, and the true one of the target's length, step by step. */
function simulate(
  steps: number,
  every: number,
  tracked: readonly number[],
  wanted: number,
  path: (u: number) => number,
) {
  const averages = tracked.map(() => Number.NaN);
  const stored: { gamma: number; t: number; updateEvery: number; value: number }[] = [];
  let truth = Number.NaN;
  for (let step = 1; step <= steps; step++) {
    const value = path((step - 1) / steps);
    truth = step === 1 ? value : truth + (1 - (1 - 1 / step) ** (sigmaRelToGamma(wanted) + 1)) * (value - truth);
    for (const [i, sigmaRel] of tracked.entries()) {
      const gamma = sigmaRelToGamma(sigmaRel);
      if (step === 1) averages[i] = value;
      else if ((step - 1) % every === 0)
        averages[i] =
          (averages[i] as number) + (1 - (1 - 1 / (step + 1)) ** (gamma + 1)) * (value - (averages[i] as number));
      if (step % (steps / 16) === 0) stored.push({ gamma, t: step, updateEvery: every, value: averages[i] as number });
    }
  }
  return { stored, truth };
}

test.each([
  [2, 3e-4],
  [7, 3e-4],
  [10, 5e-4],
  [100, 1e-2],
])('averages of every %i-th step give the true one of any length', (every, tolerance) => {
  for (const wanted of [0.08, 0.12, 0.2])
    for (const path of [(u: number) => Math.sin(6 * u), (u: number) => 1 + Math.exp(-5 * u), () => 1]) {
      const { stored, truth } = simulate(3200, every, [0.05, 0.28], wanted, path);
      const { weights, profileError } = synthesisWeights(stored, { gamma: sigmaRelToGamma(wanted), t: 3200 });
      const made = weights.reduce((sum, weight, i) => sum + weight * (stored[i]?.value as number), 0);
      expect(Math.abs(made - truth), `${wanted}`).toBeLessThan(tolerance);
      expect(profileError).toBeLessThan(0.4);
      // Taken for averages of every step they are far off, and nothing of it shows in the profile.
      const plain = stored.map(({ gamma, t }) => ({ gamma, t }));
      const wrong = synthesisWeights(plain, { gamma: sigmaRelToGamma(wanted), t: 3200 });
      expect(wrong.profileError).toBeLessThan(0.05);
    }
});
