import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import type { MpLayerOptions } from './mp-conv2d.js';
import { scaledProduct } from './scaled-product.js';

/**
 * Magnitude-preserving dense layer `x·ŵ·gain`, `ŵ = w / (1e-4 + RMS(w_o)) / √fan_in` for each output; no bias.
 *
 * As {@link mpConv2d}, for vectors.
 *
 * @param x - `[N, in]` float32.
 * @param kernel - `[in, out]`.
 * @returns new tensor `[N, out]`, unit magnitude when x has independent entries of unit magnitude and gain is 1.
 * @throws {RangeError} when the shapes do not fit.
 * @see Karras et al. 2024, eq. 47 and 66.
 */
export function mpDense(x: tf.Tensor2D, kernel: tf.Tensor2D, options?: MpLayerOptions): tf.Tensor2D;
export function mpDense(x: tf.Tensor, kernel: tf.Tensor, options?: MpLayerOptions): tf.Tensor2D;
export function mpDense(x: tf.Tensor, kernel: tf.Tensor, options: MpLayerOptions = {}): tf.Tensor2D {
  const { gain = 1 } = known('mpDense', options, { gain: true });
  if (x.rank !== 2 || kernel.rank !== 2 || x.shape[1] !== kernel.shape[0])
    throw new RangeError(
      `mpDense: expected x as [N, in] and kernel as [in, out], got [${x.shape}] and [${kernel.shape}]. Files hold [out, in]: convert with fromStateDict.`,
    );
  return scaledProduct(multiplication, x, kernel, gain) as tf.Tensor2D;
}

const multiplication = {
  product: (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.matMul(x, w),
  inputGradient: (dy: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.matMul(dy, w, false, true),
  weightGradient: (x: tf.Tensor, dy: tf.Tensor): tf.Tensor => tf.matMul(x, dy, true, false),
  pixelAxes: [],
};
