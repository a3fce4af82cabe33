import '@tensorflow/tfjs';
import { relativeError } from '@edm2/test-support';
import { adam } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Adam as in the paper, one number, float64. */
function reference(theta: number, grads: number[], rate: number, beta1: number, beta2: number, eps: number): number[] {
  let [m, v] = [0, 0];
  return grads.map((g, i) => {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const mHat = m / (1 - beta1 ** (i + 1));
    const vHat = v / (1 - beta2 ** (i + 1));
    theta -= (rate * mHat) / (Math.sqrt(vHat) + eps);
    return theta;
  });
}

function run(theta: number, grads: number[], rate: number, options: { beta1?: number; beta2?: number; eps?: number }) {
  const optimizer = adam(options);
  let params: Record<string, tf.Tensor> = { w: tf.tensor1d([theta]) };
  let moments = optimizer.init(params);
  return grads.map((g) => {
    ({ params, moments } = optimizer.update(params, { w: tf.tensor1d([g]) }, moments, tf.scalar(rate)));
    return params['w']?.dataSync()[0] ?? Number.NaN;
  });
}

describe('adam', () => {
  test.each([{}, { beta1: 0.9, beta2: 0.999 }, { beta1: 0, beta2: 0.5, eps: 0.1 }])(
    'follows the paper in float64, with %o',
    (options) => {
      const { beta1, beta2, eps } = { beta1: 0.9, beta2: 0.99, eps: 1e-8, ...options };
      fc.assert(
        fc.property(
          fc.array(fc.double({ min: 1e-4, max: 100, noNaN: true }), { minLength: 5, maxLength: 40 }),
          (magnitudes) => {
            const grads = magnitudes.map((g, i) => Math.fround(i % 3 === 1 ? -g : g));
            // Moves of about 0.1 from 0: an error of 1e-5 is 1e-4 of one step, where 1 − β^step in float32 would show (β2 = 0.999).
            const error = relativeError(run(0, grads, 0.1, options), reference(0, grads, 0.1, beta1, beta2, eps));
            expect(error).toBeLessThan(1e-5);
          },
        ),
        { seed: 4, numRuns: 20 },
      );
    },
  );

  test('first step is the rate against the sign of the gradient, whatever its size', () => {
    for (const g of [1e-3, 1, 1e6]) expect(run(0, [g], 0.01, {})[0]).toBeCloseTo(-0.01, 6);
  });

  test('starts with zero moments, one of each per parameter, and counts steps', () => {
    const params = { a: tf.ones([2, 3]), b: tf.scalar(1) };
    const optimizer = adam();
    let moments = optimizer.init(params);
    expect(moments.first['a']?.shape).toEqual([2, 3]);
    expect(moments.second['b']?.shape).toEqual([]);
    for (let i = 0; i < 3; i++) moments = optimizer.update(params, params, moments, tf.scalar(0.1)).moments;
    expect(moments.step.dataSync()[0]).toBe(3);
    expect(moments.correction2.dataSync()[0]).toBeCloseTo(1 - 0.99 ** 3, 8);
  });

  test('is pure and keeps nothing but its result', () => {
    const optimizer = adam();
    const params = { w: tf.tensor1d([1, 2]) };
    const moments = optimizer.init(params);
    const rate = tf.scalar(0.1);
    const before = tf.memory().numTensors;
    const next = optimizer.update(params, { w: tf.tensor1d([3, 4]) }, moments, rate);
    // 1 parameter, 2 moments, 3 scalars, and the gradient made here.
    expect(tf.memory().numTensors).toBe(before + 7);
    expect([...params.w.dataSync()]).toEqual([1, 2]);
    expect(moments.step.dataSync()[0]).toBe(0);
    expect([...(next.params['w']?.dataSync() ?? [])].map((x) => Math.round(x * 1e4) / 1e4)).toEqual([0.9, 1.9]);
  });

  test('says what is wrong', () => {
    const optimizer = adam();
    const params = { w: tf.scalar(1) };
    expect(() => adam({ beta1: 1 })).toThrow('adam: expected 0 ≤ beta1 < 1, got 1.');
    expect(() => adam({ eps: -1 })).toThrow(RangeError);
    expect(() => optimizer.update(params, {}, optimizer.init(params), tf.scalar(1))).toThrow(
      'grads to hold w, got nothing',
    );
    expect(() => optimizer.update(params, params, optimizer.init({}), tf.scalar(1))).toThrow('moments.first to hold w');
  });
});
