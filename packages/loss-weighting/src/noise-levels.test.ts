import '@tensorflow/tfjs';
import { sampleSigmas } from '@edm2/loss-weighting';
import { maxAbsoluteError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('sampleSigmas', () => {
  const normals = [-2.5, -1, 0, 0.3, 1.7, 3];

  test.each([
    { options: {}, mean: -0.4, std: 1 },
    { options: { pMean: -0.8, pStd: 1.6 }, mean: -0.8, std: 1.6 },
    { options: { pStd: 0 }, mean: -0.4, std: 0 },
  ])('is exp(pMean + pStd·z) with $options', ({ options, mean, std }) => {
    const sigma = sampleSigmas(tf.tensor1d(normals), options);
    expect(sigma.shape).toEqual([normals.length]);
    const expected = normals.map((z) => Math.exp(mean + std * z));
    // float32: exp amplifies the rounding of its argument (up to 4) to a few units in the last place of the largest value, 90.
    expect(maxAbsoluteError(sigma.dataSync(), expected)).toBeLessThan(1e-4);
  });

  test('keeps no tensor but its result and leaves its argument alone', () => {
    const z = tf.tensor1d(normals);
    const before = tf.memory().numTensors;
    sampleSigmas(z).dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(z.isDisposed).toBe(false);
  });

  test('says what is wrong with its options', () => {
    const z = tf.tensor1d(normals);
    expect(() => sampleSigmas(z, { pStd: -1 })).toThrow('sampleSigmas: expected pStd ≥ 0, got -1.');
    expect(() => sampleSigmas(z, { pMean: Number.NaN })).toThrow(RangeError);
  });
});
