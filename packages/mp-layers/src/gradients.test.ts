import '@tensorflow/tfjs';
import {
  attend,
  cosineAttention,
  downsample2d,
  mpCat,
  mpConv2d,
  mpDense,
  mpFourier,
  mpSilu,
  mpSum,
  normalize,
  pixelNorm,
  upsample2d,
  weightNorm,
} from '@edm2/mp-layers';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Case = [name: string, shapes: number[][], f: (...inputs: tf.Tensor[]) => tf.Tensor];
const four = (x: tf.Tensor | undefined): tf.Tensor4D => x as tf.Tensor4D;
const image = [1, 4, 4, 4];

const cases: Case[] = [
  ['normalize', [[2, 3, 4]], (x) => normalize(x as tf.Tensor, [0, 2])],
  ['normalize with a large eps', [[3, 4]], (x) => normalize(x as tf.Tensor, [1], { eps: 0.5 })],
  ['pixelNorm', [image], (x) => pixelNorm(four(x))],
  ['weightNorm', [[3, 3, 2, 4]], (w) => weightNorm(four(w))],
  ['mpSilu', [[40]], (x) => mpSilu(x as tf.Tensor)],
  ['mpSum', [[30], [30]], (a, b) => mpSum(a as tf.Tensor, b as tf.Tensor, 0.3)],
  [
    'mpCat',
    [
      [5, 4],
      [5, 7],
    ],
    (a, b) => mpCat(a as tf.Tensor, b as tf.Tensor, 0.3),
  ],
  ['mpFourier', [[4], [6], [6]], (c, f, p) => mpFourier(c as tf.Tensor, f as tf.Tensor, p as tf.Tensor)],
  ['downsample2d', [image], (x) => downsample2d(four(x))],
  ['upsample2d', [image], (x) => upsample2d(four(x))],
  ['downsample2d, long filter', [image], (x) => downsample2d(four(x), [1, 3, 3, 1])],
  ['upsample2d, uneven filter', [image], (x) => upsample2d(four(x), [1, 2, 3, 4])],
  ['mpConv2d', [image, [3, 3, 4, 3]], (x, w) => mpConv2d(four(x), four(w))],
  ['mpConv2d 1×1 with a constant gain', [image, [1, 1, 4, 3]], (x, w) => mpConv2d(four(x), four(w), { gain: 0.7 })],
  [
    'mpConv2d with a learned gain',
    [image, [3, 3, 4, 3], []],
    (x, w, gain) => mpConv2d(four(x), four(w), { gain: gain as tf.Tensor }),
  ],
  [
    'mpConv2d with a gain of shape [1]',
    [image, [1, 1, 4, 3], [1]],
    (x, w, gain) => mpConv2d(four(x), four(w), { gain: gain as tf.Tensor }),
  ],
  [
    'mpConv2d modulated',
    [
      [2, 4, 4, 4],
      [3, 3, 4, 3],
      [2, 1, 1, 3],
    ],
    (x, w, gain) => mpConv2d(four(x), four(w), { gain: gain as tf.Tensor }),
  ],
  [
    'mpConv2d modulated by channel',
    [image, [1, 1, 4, 3], [3]],
    (x, w, gain) => mpConv2d(four(x), four(w), { gain: gain as tf.Tensor }),
  ],
  [
    'mpDense',
    [
      [3, 5],
      [5, 4],
    ],
    (x, w) => mpDense(x as tf.Tensor, w as tf.Tensor),
  ],
  [
    'mpDense with a learned gain',
    [[3, 5], [5, 4], []],
    (x, w, gain) => mpDense(x as tf.Tensor, w as tf.Tensor, { gain: gain as tf.Tensor }),
  ],
  [
    'mpDense modulated',
    [
      [3, 5],
      [5, 4],
      [3, 4],
    ],
    (x, w, gain) => mpDense(x as tf.Tensor, w as tf.Tensor, { gain: gain as tf.Tensor }),
  ],
  ['attend', [[1, 2, 2, 12]], (z) => attend(four(z), { heads: 2 })],
  [
    'cosineAttention',
    [
      [1, 3, 3, 16],
      [1, 1, 16, 48],
      [1, 1, 16, 16],
    ],
    (x, qkv, proj) => cosineAttention(four(x), { qkv: four(qkv), proj: four(proj), heads: 2 }),
  ],
];

/**
 * Directional derivatives by Richardson-extrapolated central differences, against the gradient. Float32 objectives of order 1
 * to 10 and steps of 0.04 leave about 1e-4; a wrong term of a gradient shows as 0.05 and more.
 */
it.each(cases)('%s', (_, shapes, f) => {
  tf.tidy(() => {
    const inputs = shapes.map((shape, i) => tf.randomNormal(shape, 0, 1, 'float32', 11 + i));
    const cotangent = tf.randomNormal(f(...inputs).shape, 0, 1, 'float32', 5);
    const objective = (...xs: tf.Tensor[]): tf.Scalar => tf.sum(tf.mul(f(...xs), cotangent));
    const grads = tf.grads(objective)(inputs);
    inputs.forEach((input, k) => {
      const g = grads[k] as tf.Tensor;
      expect(g.shape).toEqual(input.shape);
      const length = (tf.norm(g).dataSync()[0] as number) || 1;
      const along = [0, 1, 2].map((s) => tf.randomNormal(input.shape, 0, 1, 'float32', 100 + 10 * k + s));
      for (const raw of [g, ...along]) {
        const v = tf.div(raw, tf.maximum(tf.norm(raw), 1e-6));
        const at = (h: number): number => {
          const moved = inputs.map((x, j) => (j === k ? tf.add(x, tf.mul(v, h)) : x));
          return objective(...moved).dataSync()[0] as number;
        };
        const slope = (h: number): number => (at(h) - at(-h)) / (2 * h);
        const numeric = (4 * slope(0.02) - slope(0.04)) / 3;
        const analytic = tf.sum(tf.mul(g, v)).dataSync()[0] as number;
        expect(Math.abs(numeric - analytic) / length).toBeLessThan(3e-3);
      }
    });
  });
});
