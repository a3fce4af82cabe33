import { normalize } from '@edm2/mp-layers';
import * as tf from '@tensorflow/tfjs-core';
import type { Norm } from './words.js';

/** Leaves its input as it is. */
export const noNorm: Norm = { affine: false, apply: (x) => x };

/** `(x − mean)/√(var + 1e-5)` of each group of channels over all pixels, then a learned scale and bias for each channel. */
export const affineGroupNorm: Norm = {
  affine: true,
  check: divides,
  apply: (x, affine) =>
    inGroups(
      x,
      (groups) => {
        const centred = tf.sub(groups, tf.mean(groups, [1, 3], true));
        const variance = tf.mean(tf.square(centred), [1, 3], true);
        return tf.mul(centred, tf.reciprocal(tf.sqrt(tf.add(variance, 1e-5))));
      },
      (y) => (affine ? tf.add(tf.mul(y, affine.weight), affine.bias) : y),
    ),
};

/** `x / (1e-4 + RMS)` of each group of channels over all pixels. Eq. 29. */
export const rmsGroupNorm: Norm = {
  affine: false,
  check: divides,
  apply: (x) => inGroups(x, (groups) => normalize(groups, [1, 3])),
};

/** 32 groups, at least 4 channels each. */
const groupsOf = (channels: number): number => Math.max(1, Math.min(32, Math.floor(channels / 4)));

/** Applies a function to `x` as `[N, H·W, groups, C/groups]`. */
function inGroups(
  x: tf.Tensor4D,
  apply: (groups: tf.Tensor4D) => tf.Tensor4D,
  after: (y: tf.Tensor4D) => tf.Tensor4D = (y) => y,
): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const groups = groupsOf(c);
  return after(tf.reshape(apply(tf.reshape(x, [n, h * w, groups, c / groups])), [n, h, w, c]));
}

function divides(channels: number): void {
  if (channels % groupsOf(channels) !== 0)
    throw new RangeError(
      `groupNorm: expected channels in ${groupsOf(channels)} equal groups, got ${channels}. Choose modelChannels and channelMult so that every width is a multiple of 32, or of 4 below 128.`,
    );
}
