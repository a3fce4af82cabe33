import * as tf from '@tensorflow/tfjs-core';

/** Of the RMS, as in `normalize`. */
const EPS = 1e-4;
/** Keeps `0 / 0` out of the gradient of an all-zero weight vector. */
const TINY = 1e-20;

/** What divides and scales one output channel when its weight is used. */
export interface WeightScale {
  /** `1 / (eps + RMS(w_o)) / √fan_in`, shape `[1, …, 1, O]`: what the raw product is multiplied by. */
  readonly scale: tf.Tensor;
  /** `RMS(w_o)`, same shape. */
  readonly rms: tf.Tensor;
}

const inputAxes = (w: tf.Tensor): number[] => w.shape.slice(0, -1).map((_, axis) => axis);
const fanIn = (w: tf.Tensor): number => w.shape.slice(0, -1).reduce((product, length) => product * length, 1);

/**
 * Weight normalisation as a factor for each output channel of the product with the stored weight, so that no normalised
 * copy of the weight is ever made.
 *
 * @param w - `[..., in, out]`.
 * @see Karras et al. 2024, eq. 47 and Algorithm 1.
 */
export function weightScale(w: tf.Tensor): WeightScale {
  const rms = tf.sqrt(tf.mean(tf.square(w), inputAxes(w), true));
  return { rms, scale: tf.div(1 / Math.sqrt(fanIn(w)), tf.add(rms, EPS)) };
}

/**
 * The weight's gradient through its normalisation: `dw = raw − w·p` with `p_o = q_o / ((eps + r_o)·r_o·fan_in)`.
 * The second term takes out the part along `w_o`, up to eps.
 *
 * @param raw - gradient of the product with respect to w at the scaled cotangent, `w`'s shape.
 * @param w - the stored weight.
 * @param rms - from {@link weightScale}.
 * @param q - `Σ du·u` of each output channel, `[1, …, 1, O]`: scaled cotangent times raw product.
 */
export function throughWeightNorm(raw: tf.Tensor, w: tf.Tensor, rms: tf.Tensor, q: tf.Tensor): tf.Tensor {
  const p = tf.div(q, tf.mul(tf.mul(tf.add(rms, EPS), tf.maximum(rms, TINY)), fanIn(w)));
  return tf.sub(raw, tf.mul(w, p));
}

/** Sums a tensor down to a shape that broadcasts to its own: the transpose of broadcasting. */
export function sumTo(x: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const padded = [...x.shape.slice(shape.length).map(() => 1), ...shape];
  const axes = x.shape.flatMap((length, axis) => (padded[axis] === length ? [] : [axis]));
  return tf.reshape(axes.length ? tf.sum(x, axes, true) : x, [...shape]);
}
