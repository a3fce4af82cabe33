import { mpConv2d, mpDense } from '@edm2/mp-layers';
import * as tf from '@tensorflow/tfjs-core';
import type { LayerUse, LearnedLayer } from './words.js';

/** The stored weight as it is (configs A to C). */
export const plainLayer: LearnedLayer = {
  conv: (x, w, use) => finish(tf.conv2d(x, w, 1, 'same'), use),
  dense: (x, w, use) => finish(tf.matMul(x, w), use),
};

/** The weight of each output divided by its norm on use (configs D to G). Eq. 47. */
export const normalizedLayer: LearnedLayer = {
  normalizes: true,
  conv: (x, w, { gain = 1, bias }) => finish(mpConv2d(x, w, { gain }), { bias }),
  dense: (x, w, { gain = 1, bias }) => finish(mpDense(x, w, { gain }), { bias }),
};

function finish<T extends tf.Tensor>(y: T, { gain = 1, bias }: LayerUse | { gain?: never; bias: LayerUse['bias'] }): T {
  const biased = bias ? tf.add<T>(y, bias) : y;
  return gain === 1 ? biased : tf.mul<T>(biased, gain);
}
