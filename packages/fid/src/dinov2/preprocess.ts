import * as tf from '@tensorflow/tfjs-core';
import { antialiasedTaps, tapMatrix } from './cubic.js';

/** ImageNet's mean and standard deviation per channel, of pixels 0…1. */
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/**
 * EDM2's preprocessing: antialiased bicubic to `size`×`size` without keeping the aspect ratio, neither rounded nor clamped, then
 * ImageNet's mean and standard deviation.
 *
 * @param images - `[N, H, W, 3]` float32, 0…255.
 * @returns `[N, size, size, 3]`.
 */
export function preprocess(images: tf.Tensor4D, size: number): tf.Tensor4D {
  const scale = STD.map((value) => 1 / (255 * value));
  const shift = MEAN.map((value, c) => -value / (STD[c] ?? 1));
  return tf.add(tf.mul(resizeBicubic(images, size), tf.tensor1d(scale)), tf.tensor1d(shift));
}

/** The resize alone, still 0…255 and a little beyond. */
export function resizeBicubic(images: tf.Tensor4D, size: number): tf.Tensor4D {
  const [n, height, width] = images.shape;
  if (height === size && width === size) return images;
  const matrix = (input: number): tf.Tensor2D =>
    tf.tensor2d(tapMatrix(antialiasedTaps(input, size), input), [size, input]);
  // Both axes in turn as the inner axis of a matrix product: [N, C, H, W] → [N, C, H, size] → [N, C, size, size].
  const rows = tf.reshape(tf.transpose(images, [0, 3, 1, 2]), [n * 3 * height, width]);
  const wide = tf.reshape(tf.matMul(rows, matrix(width), false, true), [n, 3, height, size]);
  const columns = tf.reshape(tf.transpose(wide, [0, 1, 3, 2]), [n * 3 * size, height]);
  const both = tf.reshape(tf.matMul(columns, matrix(height), false, true), [n, 3, size, size]); // [N, C, x, y]
  return tf.transpose<tf.Tensor4D>(both as tf.Tensor4D, [0, 3, 2, 1]);
}
