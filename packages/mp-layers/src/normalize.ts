import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';

/** Keeps `0 / 0` out of the gradient of an all-zero vector, whose gradient through the RMS is then 0. */
const TINY = 1e-20;

/** Options of {@link normalize}. */
export interface NormalizeOptions {
  /** Added to the RMS; bounds the gain on vectors near zero. */
  readonly eps?: number;
}

/**
 * Scales vectors to unit root mean square: `x / (eps + RMS(x))`, the RMS taken over `axes`.
 *
 * First derivatives only: the gradient is hand-written and treats what it saved as constant.
 *
 * @param x - float32, any shape.
 * @param axes - the axes that make up one vector, each in −rank … rank − 1; at least one.
 * @returns new tensor of `x`'s shape; a vector of RMS r gets RMS `r / (r + eps)`, zero stays zero.
 * @throws {RangeError} when axes is empty, repeats an axis or names one that x lacks.
 * @see Karras et al. 2024, Algorithm 1; eq. 30 and 47.
 */
export function normalize<T extends tf.Tensor>(x: T, axes: readonly number[], options: NormalizeOptions = {}): T {
  const { eps = 1e-4 } = known('normalize', options, { eps: true });
  const over = axes.map((axis) => (axis < 0 ? axis + x.rank : axis));
  if (over.length === 0 || new Set(over).size !== over.length || over.some((axis) => !(axis >= 0 && axis < x.rank)))
    throw new RangeError(
      `normalize: expected distinct axes of a tensor of rank ${x.rank}, got [${axes.join(', ')}] for [${x.shape}]. Name the axes of one vector.`,
    );
  const op = tf.customGrad((input, save) => {
    const t = input as tf.Tensor;
    const rms = tf.sqrt(tf.mean(tf.square(t), over, true));
    const inverse = tf.reciprocal(tf.add(rms, eps));
    const value = tf.mul(t, inverse);
    (save as tf.GradSaveFunc)([value, rms, inverse]);
    return {
      value,
      // dx = dy·i − y·mean(dy·y)/r, from y = x·i, i = 1/(eps + r), dr = mean(x·dx)/r
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [y, r, i] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
        const along = tf.div(tf.mean(tf.mul(dy, y), over, true), tf.maximum(r, TINY));
        return tf.sub(tf.mul(dy, i), tf.mul(y, along));
      },
    };
  });
  return tf.tidy(() => op(x) as T);
}

/**
 * Pixel norm: {@link normalize} over the last axis, the channels of one pixel.
 *
 * @param x - `[..., C]` float32.
 * @returns new tensor of `x`'s shape whose pixels have RMS 1 over their channels.
 * @throws {RangeError} when x is a scalar.
 * @see Karras et al. 2024, eq. 30.
 */
export const pixelNorm = <T extends tf.Tensor>(x: T): T => normalize(x, [-1]);

/**
 * Weight norm: {@link normalize} over all axes but the last, the output channel.
 *
 * Applied to a stored weight this is forced weight normalisation; the layers here normalise by themselves when used.
 *
 * @param w - `[kh, kw, in, out]` or `[in, out]`.
 * @returns new tensor of `w`'s shape; the weights of each output channel have RMS 1.
 * @throws {RangeError} when w has fewer than two axes.
 * @see Karras et al. 2024, eq. 47 and 66.
 */
export function weightNorm<T extends tf.Tensor>(w: T): T {
  if (w.rank < 2)
    throw new RangeError(
      `weightNorm: expected a weight of shape [..., in, out], got [${w.shape}]. Give a vector an axis of length 1.`,
    );
  return normalize(
    w,
    w.shape.slice(0, -1).map((_, axis) => axis),
  );
}
