import * as tf from '@tensorflow/tfjs-core';

/** Of every group norm of diffusers' autoencoders. */
const EPS = 1e-6;

/** Options of {@link groupNorm}. */
export interface GroupNormOptions {
  readonly groups: number;
  /** `[C]`. */
  readonly weight: tf.Tensor;
  /** `[C]`. */
  readonly bias: tf.Tensor;
}

/**
 * `(x − mean)/√(var + 1e-6)·weight + bias`, mean and variance of each group of neighbouring channels over all pixels.
 *
 * @param x - `[N, H, W, C]`.
 * @returns new tensor of `x`'s shape.
 */
export function groupNorm(x: tf.Tensor4D, { groups, weight, bias }: GroupNormOptions): tf.Tensor4D {
  const channels = x.shape[3];
  /** Means of channels as means of their groups, `[N, 1, 1, C]`: small, so that the image itself is never reshaped. */
  const shared = (means: tf.Tensor): tf.Tensor => {
    const grouped = tf.mean(tf.reshape(means, [-1, groups, channels / groups]), 2, true);
    const wide = tf.broadcastTo(grouped, [x.shape[0], groups, channels / groups]);
    return tf.reshape(wide, [x.shape[0], 1, 1, channels]);
  };
  const centred = tf.sub(x, shared(tf.mean(x, [1, 2], true)));
  const variance = shared(tf.mean(tf.square(centred), [1, 2], true));
  const scale = tf.mul(weight, tf.rsqrt(tf.add(variance, EPS)));
  return tf.add(tf.mul(centred, scale), bias);
}

/** `x·sigmoid(x)`. */
export const silu = (x: tf.Tensor4D): tf.Tensor4D => tf.mul(x, tf.sigmoid(x));
