import * as tf from '@tensorflow/tfjs-core';
import { checkShare } from './check.js';

/**
 * Magnitude-preserving sum `((1 − t)·a + t·b) / √((1 − t)² + t²)`.
 *
 * @param a - any shape, float32, unit magnitude.
 * @param b - same shape as `a`, unit magnitude.
 * @param t - share of `b`, 0 ≤ t ≤ 1.
 * @returns new tensor of `a`'s shape, unit magnitude when a and b are uncorrelated.
 * @throws {RangeError} when the shapes differ or t is out of range.
 * @see Karras et al. 2024, eq. 88.
 */
export function mpSum<T extends tf.Tensor>(a: T, b: tf.Tensor, t = 0.5): T {
  checkShare('mpSum', t);
  if (a.shape.join() !== b.shape.join())
    throw new RangeError(
      `mpSum: expected a and b of one shape, got [${a.shape}] and [${b.shape}]. Project or resample one of them first.`,
    );
  const norm = Math.hypot(1 - t, t);
  const [ca, cb] = [(1 - t) / norm, t / norm];
  const op = tf.customGrad((left, right) => ({
    value: tf.add(tf.mul(left as tf.Tensor, ca), tf.mul(right as tf.Tensor, cb)),
    gradFunc: (dy: tf.Tensor) => [tf.mul(dy, ca), tf.mul(dy, cb)],
  }));
  return tf.tidy(() => op(a, b) as T);
}
