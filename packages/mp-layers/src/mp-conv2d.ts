import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import { scaledProduct } from './scaled-product.js';

/** Options of {@link mpConv2d} and {@link mpDense}. */
export interface MpLayerOptions {
  /**
   * Factor of the output. A tensor takes part in differentiation: a scalar (a learned gain), or a shape that broadcasts to
   * `[N, 1, 1, out]` (`[N, out]` for the dense layer), so that conditioning needs no pass of its own over the output.
   */
  readonly gain?: number | tf.Tensor;
}

/**
 * Magnitude-preserving convolution `conv(x, ŵ)·gain`, `ŵ = w / (1e-4 + RMS(w_o)) / √fan_in` for each output channel:
 * stride 1, zero padding ('same'), no bias.
 *
 * The weight is normalised on use by a factor for each channel after the convolution; the stored weight may have any
 * magnitude. First derivatives only (hand-written gradients).
 *
 * @param x - `[N, H, W, in]` float32.
 * @param filter - `[kh, kw, in, out]`, kh and kw odd.
 * @returns new tensor `[N, H, W, out]`, unit magnitude when x has independent entries of unit magnitude and gain is 1 (less at the zero-padded border).
 * @throws {RangeError} when the shapes do not fit.
 * @see Karras et al. 2024, eq. 47 and 66.
 */
export function mpConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: MpLayerOptions = {}): tf.Tensor4D {
  const { gain = 1 } = known('mpConv2d', options, { gain: true });
  if (x.rank !== 4 || filter.rank !== 4 || x.shape[3] !== filter.shape[2])
    throw new RangeError(
      `mpConv2d: expected x as [N, H, W, in] and filter as [kh, kw, in, out], got [${x.shape}] and [${filter.shape}]. Files hold [out, in, kh, kw]: convert with fromStateDict.`,
    );
  return scaledProduct(convolution, x, filter, gain) as tf.Tensor4D;
}

const attributes = { strides: [1, 1], pad: 'same', dataFormat: 'NHWC' };

const convolution = {
  product: (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'),
  inputGradient: (dy: tf.Tensor, w: tf.Tensor, inputShape: number[]): tf.Tensor =>
    tf.engine().runKernel(tf.Conv2DBackpropInput, { dy, filter: w }, { ...attributes, inputShape }),
  weightGradient: (x: tf.Tensor, dy: tf.Tensor, filterShape: number[]): tf.Tensor =>
    tf.engine().runKernel(tf.Conv2DBackpropFilter, { x, dy }, { ...attributes, filterShape }),
  pixelAxes: [1, 2],
};
