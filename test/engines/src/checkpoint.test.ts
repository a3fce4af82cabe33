import '@tensorflow/tfjs';
import { difference, draw } from '@edm2/test-support';
import { checkpoint, jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { expectCoverage, noteKernels } from './coverage.js';
import { describeEngines } from './engines.js';

/** A convolution and an attention-like mix: tensors of several ranks, a scalar among them. */
function block(x: tf.Tensor4D, w: tf.Tensor4D, gain: tf.Scalar): tf.Tensor4D {
  const y = tf.mul(tf.sigmoid(tf.conv2d(x, w, 1, 'same')), gain);
  const flat = tf.reshape(y, [2, -1, 3]);
  const mixed = tf.matMul(tf.softmax(tf.matMul(flat, flat, false, true)), flat);
  return tf.reshape(mixed, x.shape);
}

describeEngines('checkpoint', (engine) => {
  it('gives the same gradients as the blocks themselves', () => {
    const inputs: [tf.Tensor4D, tf.Tensor4D, tf.Scalar] = [
      draw(1, [2, 4, 4, 3]) as tf.Tensor4D,
      draw(2, [3, 3, 3, 3]) as tf.Tensor4D,
      tf.scalar(1.5),
    ];
    const gradients = (f: typeof block) =>
      jit(
        (...xs: typeof inputs) =>
          tf.grads((x: tf.Tensor, w: tf.Tensor, gain: tf.Tensor) => {
            const next = (t: tf.Tensor) => f(t as tf.Tensor4D, w as tf.Tensor4D, gain as tf.Scalar);
            return tf.sum(tf.square(next(next(next(x)))));
          })(xs),
        { engine: engine() },
      )(...inputs);
    const plain = gradients(block);
    noteKernels(true, () => gradients(checkpoint(block))).forEach((gradient, i) => {
      expect(difference(gradient, plain[i] as tf.Tensor)).toBeLessThan(1e-5);
    });
  });
});

it('covers the kernels that tfjs-jit’s README says', () => expectCoverage('checkpoint'));
