import '@tensorflow/tfjs';
import { weightedLoss } from '@edm2/loss-weighting';
import { relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const shape: [number, number, number, number] = [2, 2, 3, 1];
const se = [0.1, 0.4, 2, 0, 1, 9, 0.3, 0.2, 5, 0.01, 1, 3];
const weight = [2, 7];
const u = [-0.5, 1.25];
const perImage = (values: number[], i: number): number => values[Math.floor(i / 6)] ?? Number.NaN;

describe('weightedLoss', () => {
  test('is weight/e^u · error + u, a value of its own per image', () => {
    const map = weightedLoss(tf.tensor4d(se, shape), tf.tensor1d(weight), tf.tensor1d(u));
    expect(map.shape).toEqual(shape);
    const expected = se.map((e, i) => (perImage(weight, i) / Math.exp(perImage(u, i))) * e + perImage(u, i));
    expect(relativeError(map.dataSync(), expected)).toBeLessThan(1e-6);
  });

  test('is weight · error without u', () => {
    const map = weightedLoss(tf.tensor4d(se, shape), tf.tensor1d(weight));
    expect(
      relativeError(
        map.dataSync(),
        se.map((e, i) => perImage(weight, i) * e),
      ),
    ).toBeLessThan(1e-6);
  });

  test('has the closed-form gradients, and u settles at ln of the weighted error', () => {
    const objective = (e: tf.Tensor, v: tf.Tensor): tf.Scalar =>
      tf.sum(weightedLoss(e, tf.tensor1d(weight), v)) as tf.Scalar;
    const [de, du] = tf.grads(objective)([tf.tensor4d(se, shape), tf.tensor1d(u)]);
    const mean = (image: number): number => se.slice(6 * image, 6 * image + 6).reduce((a, b) => a + b) / 6;
    expect(
      relativeError(
        de?.dataSync() ?? [],
        se.map((_, i) => perImage(weight, i) * Math.exp(-perImage(u, i))),
      ),
    ).toBeLessThan(1e-6);
    expect(
      relativeError(
        du?.dataSync() ?? [],
        u.map((v, n) => 6 * (1 - (weight[n] ?? 0) * Math.exp(-v) * mean(n))),
      ),
    ).toBeLessThan(1e-5);
    const best = tf.tensor1d(weight.map((w, n) => Math.log(w * mean(n))));
    const [, atBest] = tf.grads(objective)([tf.tensor4d(se, shape), best]);
    expect(Math.max(...(atBest?.dataSync() ?? [1]).map(Math.abs))).toBeLessThan(1e-5);
  });

  test('keeps no tensor but its result', () => {
    const args = [tf.tensor4d(se, shape), tf.tensor1d(weight), tf.tensor1d(u)] as const;
    const before = tf.memory().numTensors;
    weightedLoss(...args).dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(args.some((tensor) => tensor.isDisposed)).toBe(false);
  });

  test('refuses per-image values of another shape', () => {
    const error = tf.tensor4d(se, shape);
    expect(() => weightedLoss(error, tf.ones([3]))).toThrow('weightedLoss: expected weight as [2]');
    expect(() => weightedLoss(error, tf.ones([2]), tf.ones([2, 1]))).toThrow('expected u as [2]');
  });
});
