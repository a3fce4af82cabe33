import { fourier, mpFourier } from '@edm2/mp-layers';
import * as tf from '@tensorflow/tfjs-core';
import type { NoiseFeatures } from './words.js';

/** Sinusoidal position embedding `[cos(c·f), sin(c·f)]`, `f_i = 10000^(−i/h)`, `h = channels/2`: nothing to store. */
export const positionFeatures: NoiseFeatures = {
  buffers: false,
  check: (channels) => {
    if (channels % 2 !== 0)
      throw new RangeError(
        `createUNet: expected an even number of noise features, sines and cosines, got ${channels}. Choose another channelMultNoise or modelChannels.`,
      );
  },
  apply: (cNoise, channels) => {
    const half = channels / 2;
    const freqs = Float32Array.from({ length: half }, (_, i) => 10000 ** (-i / half));
    const angles = tf.mul(tf.reshape(cNoise, [-1, 1]), tf.tensor2d(freqs, [1, half]));
    return tf.concat([tf.cos(angles), tf.sin(angles)], 1) as tf.Tensor2D;
  },
};

/** Random Fourier features `cos(c·freqs + phases)` (configs C to F). */
export const fourierFeatures: NoiseFeatures = withBuffers(fourier);

/** The same of unit magnitude, `√2·cos(…)`. Eq. 75. */
export const mpFourierFeatures: NoiseFeatures = withBuffers(mpFourier);

function withBuffers(features: (c: tf.Tensor, freqs: tf.Tensor, phases: tf.Tensor) => tf.Tensor2D): NoiseFeatures {
  return {
    buffers: true,
    apply: (cNoise, _channels, buffers) => {
      if (!buffers) throw new TypeError('noiseFeatures: expected freqs and phases, got nothing. Pass the buffers.');
      return features(cNoise, buffers.freqs, buffers.phases);
    },
  };
}
