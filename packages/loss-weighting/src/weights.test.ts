import '@tensorflow/tfjs';
import { edmWeight, minSnrWeight, sigmoidWeight, softMinSnrWeight } from '@edm2/loss-weighting';
import { relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const WEIGHTS = { edmWeight, minSnrWeight, softMinSnrWeight, sigmoidWeight };
const sigmas = [0.002, 0.01, 0.1, 0.2236, 0.3, 0.5, 1, 7, 80];
const FLOAT32 = 1e-6;

/** The published formulas, in float64 and in the symbols of their papers. */
const published = {
  edmWeight: (s: number, d: number) => (s ** 2 + d ** 2) / (s * d) ** 2,
  minSnrWeight: (s: number, d: number) => Math.min((d / s) ** 2, 5),
  softMinSnrWeight: (s: number, d: number) => 1 / (1 / (d / s) ** 2 + 1),
  sigmoidWeight: (s: number, d: number) => {
    const logSnr = 2 * Math.log(d / s);
    return Math.exp(logSnr) / (1 + Math.exp(logSnr - 2));
  },
};

describe.each(Object.keys(WEIGHTS) as (keyof typeof WEIGHTS)[])('%s', (name) => {
  const weight = WEIGHTS[name];

  test.each([0.5, 1, 0.25])('is the published formula at sigmaData %d', (sigmaData) => {
    const w = weight(tf.tensor1d(sigmas), { sigmaData });
    expect(w.shape).toEqual([sigmas.length]);
    expect(
      relativeError(
        w.dataSync(),
        sigmas.map((s) => published[name](s, sigmaData)),
      ),
    ).toBeLessThan(FLOAT32);
    // Value by value too: the smallest weights are lost in the norm of all.
    const single = sigmas.map((s, i) => Math.abs((w.dataSync()[i] ?? 0) / published[name](s, sigmaData) - 1));
    expect(Math.max(...single)).toBeLessThan(FLOAT32);
  });

  test('defaults to sigmaData 0.5', () => {
    const sigma = tf.tensor1d(sigmas);
    expect(weight(sigma).dataSync()).toEqual(weight(sigma, { sigmaData: 0.5 }).dataSync());
  });

  test('depends on sigma/sigmaData alone, but for a factor', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 10, noNaN: true }),
        fc.double({ min: 0.1, max: 4, noNaN: true }),
        (s, scale) => {
          const here = weight(tf.tensor1d([s]), { sigmaData: 0.5 }).dataSync()[0] ?? 0;
          const there = weight(tf.tensor1d([s * scale]), { sigmaData: 0.5 * scale }).dataSync()[0] ?? 0;
          const factor = name === 'edmWeight' ? scale ** 2 : 1;
          return Math.abs((there * factor) / here - 1) < 1e-5;
        },
      ),
      { seed: 1, numRuns: 50 },
    );
  });

  test('does not rise with sigma', () => {
    const w = [...weight(tf.tensor1d(sigmas)).dataSync()];
    expect(w).toEqual([...w].sort((a, b) => b - a));
  });

  test('keeps no tensor but its result', () => {
    const sigma = tf.tensor1d(sigmas);
    const before = tf.memory().numTensors;
    weight(sigma).dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(sigma.isDisposed).toBe(false);
  });

  test('refuses a sigmaData that is not positive', () => {
    expect(() => weight(tf.tensor1d(sigmas), { sigmaData: 0 })).toThrow(`expected sigmaData > 0, got 0.`);
  });
});

test('gamma bounds min-SNR and soft min-SNR; the soft one lies below and is half of gamma at SNR = gamma', () => {
  const sigma = tf.tensor1d([...sigmas, 0.5 / Math.sqrt(3)]);
  const hard = minSnrWeight(sigma, { gamma: 3 }).dataSync();
  const soft = softMinSnrWeight(sigma, { gamma: 3 }).dataSync();
  expect(Math.max(...hard)).toBe(3);
  expect([...soft].every((w, i) => w < (hard[i] ?? 0))).toBe(true);
  expect(soft.at(-1)).toBeCloseTo(1.5, 5);
});

test('the sigmoid weight of the noise error is soft min-SNR of the image error with gamma = e^bias', () => {
  const sigma = tf.tensor1d(sigmas);
  expect(sigmoidWeight(sigma, { bias: -1 }).dataSync()).toEqual(
    softMinSnrWeight(sigma, { gamma: Math.exp(-1) }).dataSync(),
  );
});
