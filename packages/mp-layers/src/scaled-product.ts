import * as tf from '@tensorflow/tfjs-core';
import { sumTo, throughWeightNorm, weightScale } from './weight-scale.js';

/** A product of an input with a weight of the same rank, linear in both, output channels last; and its two transposes. */
export interface Product {
  product(x: tf.Tensor, w: tf.Tensor): tf.Tensor;
  inputGradient(dy: tf.Tensor, w: tf.Tensor, xShape: number[]): tf.Tensor;
  weightGradient(x: tf.Tensor, dy: tf.Tensor, wShape: number[]): tf.Tensor;
  /** Output axes between the batch and the channels. */
  readonly pixelAxes: number[];
}

/**
 * `product(x, w)·s·gain` with s from {@link weightScale}: one custom operation with gradients for x, w and a tensor gain.
 *
 * @param gain - number, or tensor that broadcasts to the output with its pixel axes set to 1.
 */
export function scaledProduct(p: Product, x: tf.Tensor, w: tf.Tensor, gain: number | tf.Tensor): tf.Tensor {
  return tf.tidy(() => (typeof gain === 'number' ? constantGain(p, gain)(x, w) : tensorGain(p)(x, w, asGain(gain))));
}

/** Gains come out of files as [1]; in here they are scalars. */
const asGain = (gain: tf.Tensor): tf.Tensor => (gain.size === 1 ? tf.reshape(gain, []) : gain);

const constantGain = (p: Product, gain: number) =>
  tf.customGrad((...args) => {
    const [x, w, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const u = p.product(x, w);
    const { rms, scale } = weightScale(w);
    const s = gain === 1 ? scale : tf.mul(scale, gain);
    save([x, w, u, rms, s]);
    return {
      value: tf.mul(u, s),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, w, u, rms, s] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        const du = tf.mul(dy, s);
        const q = tf.sum(tf.mul(du, u), [0, ...p.pixelAxes], true);
        const dw = throughWeightNorm(p.weightGradient(x, du, w.shape), w, rms, q);
        return [p.inputGradient(du, w, x.shape), dw];
      },
    };
  });

const tensorGain = (p: Product) =>
  tf.customGrad((...args) => {
    const [x, w, gain, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const u = p.product(x, w);
    const { rms, scale: s0 } = weightScale(w);
    const s = tf.mul(s0, gain);
    save([x, w, u, rms, s0, s]);
    return {
      value: tf.mul(u, s),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [x, w, u, rms, s0, s] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        const du = tf.mul(dy, s);
        // Not Σ du·u / gain: a gain may be 0, as it is at the start.
        const product = tf.mul(dy, u);
        const q0 = p.pixelAxes.length ? tf.sum(product, p.pixelAxes, true) : product;
        const dw = throughWeightNorm(p.weightGradient(x, du, w.shape), w, rms, tf.sum(tf.mul(q0, s), [0], true));
        return [p.inputGradient(du, w, x.shape), dw, sumTo(tf.mul(q0, s0), gain.shape)];
      },
    };
  });
