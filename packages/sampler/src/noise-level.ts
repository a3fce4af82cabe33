import * as tf from '@tensorflow/tfjs-core';

/**
 * The number behind a tensor of noise levels that a solver made: reading it back would wait for the device at every
 * evaluation, and is not possible at all on some backends without a promise.
 */
const known = new WeakMap<tf.Tensor, number>();

/** `[n]` float32 filled with sigma, which `knownSigma` finds again. */
export function sigmaTensor(n: number, sigma: number): tf.Tensor1D {
  const tensor: tf.Tensor1D = tf.fill([n], sigma, 'float32');
  known.set(tensor, sigma);
  return tensor;
}

/** The noise level of a tensor from `sigmaTensor`; undefined for any other. */
export const knownSigma = (tensor: tf.Tensor): number | undefined => known.get(tensor);
