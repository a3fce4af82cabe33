import '@tensorflow/tfjs';
import { describeWays } from '@edm2/test-engines';
import { difference, draw } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { doublingConv } from './doubling-conv.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** What it stands for. One image: the gradient of a resize is wrong on cpu for more. */
const plain = (x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D =>
  tf.conv2d(tf.image.resizeNearestNeighbor(x, [2 * x.shape[1], 2 * x.shape[2]]), filter, 1, 'same');
const cotangent = draw(9, [1, 6, 10, 5]);
const gradients = (fn: typeof plain) =>
  tf.grads((x, filter) => tf.sum(tf.mul(fn(x as tf.Tensor4D, filter as tf.Tensor4D), cotangent)));

describeWays('doublingConv', (compile, { precision }) => {
  // Sums of 27 products in another order; 8 bits of fraction when rounded.
  const tolerance = precision === 'float32' ? 1e-6 : 2e-2;

  it('is nearest-neighbour upsampling and a 3×3 convolution, borders and gradients too', () => {
    const x = draw(1, [1, 3, 5, 3]) as tf.Tensor4D;
    const filter = draw(2, [3, 3, 3, 5]) as tf.Tensor4D;
    expect(difference(compile(doublingConv)(x, filter), plain(x, filter))).toBeLessThan(tolerance);
    const actual = compile((a: tf.Tensor4D, b: tf.Tensor4D) => gradients(doublingConv)([a, b]))(x, filter);
    const expected = gradients(plain)([x, filter]);
    for (const [i, gradient] of expected.entries())
      expect(difference(actual[i] as tf.Tensor, gradient)).toBeLessThan(10 * tolerance);
  });

  it('keeps the images of a batch apart', () => {
    const x = draw(3, [2, 4, 2, 3]) as tf.Tensor4D;
    const filter = draw(4, [3, 3, 3, 2]) as tf.Tensor4D;
    const parts = (tf.split(x, 2) as tf.Tensor4D[]).map((part) => plain(part, filter));
    expect(difference(compile(doublingConv)(x, filter), tf.concat(parts))).toBeLessThan(tolerance);
  });
});
