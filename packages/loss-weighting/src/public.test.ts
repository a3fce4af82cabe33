import '@tensorflow/tfjs';
import {
  createLossByNoiseLevel,
  createUncertainty,
  edmWeight,
  minSnrWeight,
  sampleSigmas,
  sigmoidWeight,
  softMinSnrWeight,
  weightedLoss,
} from '@edm2/loss-weighting';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const sigma = tf.tensor1d([0.1, 1, 10]);

test('defaults are those of the reference', () => {
  expect(sampleSigmas(sigma).dataSync()).toEqual(sampleSigmas(sigma, { pMean: -0.4, pStd: 1 }).dataSync());
  expect(edmWeight(sigma).dataSync()).toEqual(edmWeight(sigma, { sigmaData: 0.5 }).dataSync());
  for (const weight of [edmWeight, minSnrWeight, softMinSnrWeight, sigmoidWeight]) {
    expect(weight(sigma).shape).toEqual([3]);
    expect([...weight(sigma).dataSync()].every((value) => value > 0 && Number.isFinite(value))).toBe(true);
  }
  expect(createUncertainty().parameters).toEqual(createUncertainty({ channels: 128 }).parameters);
});

test('the uncertainty head has the names of the files, and its loss is λ/eᵘ·error + u', () => {
  const { parameters, apply } = createUncertainty();
  const names = parameters.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['logvar_fourier.freqs', 'logvar_fourier.phases', 'logvar_linear.weight']),
  );
  const params = Object.fromEntries(parameters.map(({ name, shape }) => [name, tf.ones([...shape])]));
  const u = apply(params, tf.div(tf.log(sigma), 4));
  expect(u.shape).toEqual([3]);
  const error = tf.ones([3, 2, 2, 1]);
  const [first = 0] = weightedLoss(error, edmWeight(sigma), u).dataSync();
  const [weight = 0] = edmWeight(sigma).dataSync();
  const [u0 = 0] = u.dataSync();
  expect(first).toBeCloseTo(weight * Math.exp(-u0) + u0, 3);
  expect(weightedLoss(error, edmWeight(sigma)).shape).toEqual([3, 2, 2, 1]);
});

test('loss by noise level is a running mean per bin', () => {
  const statistics = createLossByNoiseLevel({ bins: 4 });
  statistics.add([1, 1], [2, 4]);
  const { counts, mean } = statistics.result();
  expect(counts).toHaveLength(4);
  expect(mean[counts.indexOf(2)]).toBe(3);
});
