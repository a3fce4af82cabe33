import * as tf from '@tensorflow/tfjs-core';
import { checkShare } from './check.js';

/**
 * Magnitude-preserving concatenation on the last axis: `[wa·a, wb·b]` with `wa = C·(1 − t)/√Na`, `wb = C·t/√Nb`,
 * `C = √((Na + Nb) / ((1 − t)² + t²))`, so that t and not the channel counts decides how much each side contributes.
 *
 * @param a - `[..., Na]` float32, unit magnitude.
 * @param b - `[..., Nb]` float32, unit magnitude.
 * @param t - share of `b`, 0 ≤ t ≤ 1.
 * @returns new tensor `[..., Na + Nb]`, unit magnitude.
 * @throws {RangeError} when a and b differ on another axis than the last, or t is out of range.
 * @see Karras et al. 2024, eq. 103.
 */
export function mpCat<T extends tf.Tensor>(a: T, b: T, t = 0.5): T {
  checkShare('mpCat', t);
  if (a.rank === 0 || a.rank !== b.rank || a.shape.slice(0, -1).join() !== b.shape.slice(0, -1).join())
    throw new RangeError(
      `mpCat: expected a and b to agree on all axes but the last, got [${a.shape}] and [${b.shape}]. Resample b first.`,
    );
  const na = a.shape.at(-1) ?? 0;
  const nb = b.shape.at(-1) ?? 0;
  const c = Math.sqrt((na + nb) / ((1 - t) ** 2 + t ** 2));
  const wa = (c * (1 - t)) / Math.sqrt(na);
  const wb = (c * t) / Math.sqrt(nb);
  const op = tf.customGrad((left, right) => ({
    value: tf.concat([tf.mul(left as tf.Tensor, wa), tf.mul(right as tf.Tensor, wb)], -1),
    gradFunc: (dy: tf.Tensor) => {
      const [da, db] = tf.split(dy, [na, nb], -1) as [tf.Tensor, tf.Tensor];
      return [tf.mul(da, wa), tf.mul(db, wb)];
    },
  }));
  return tf.tidy(() => op(a, b) as T);
}
