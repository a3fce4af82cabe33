import * as tf from '@tensorflow/tfjs-core';

/**
 * Per-element loss map `weight/e^u · squaredError + u`; without `u`, `weight · squaredError`.
 *
 * With a learned `u` the minimum over u is `ln(weight · E[squaredError])`: each noise level then contributes equally.
 *
 * @param squaredError - `[N, ...]` float32, usually `(D(y + n; σ) − y)²` as `[N, H, W, C]`.
 * @param weight - `[N]`, one factor per image, ≥ 0; spread over the other axes.
 * @param u - `[N]`, the log-uncertainty per image; spread over the other axes.
 * @returns new tensor of `squaredError`'s shape. The training objective is its sum divided by the images per step.
 * @throws {RangeError} when weight or u is not `[N]`.
 * @see Karras et al. 2024, eq. 14–16 and 21; after Kendall & Gal 2018.
 */
export function weightedLoss(squaredError: tf.Tensor, weight: tf.Tensor, u?: tf.Tensor): tf.Tensor {
  const perImage = perImageShape(squaredError);
  assertPerImage('weight', weight, squaredError);
  if (u) assertPerImage('u', u, squaredError);
  return tf.tidy(() => {
    if (!u) return tf.mul(squaredError, tf.reshape(weight, perImage));
    const factor = tf.mul(weight, tf.exp(tf.neg(u)));
    return tf.add(tf.mul(squaredError, tf.reshape(factor, perImage)), tf.reshape(u, perImage));
  });
}

/** `[N, 1, …, 1]` of the same rank. */
const perImageShape = (x: tf.Tensor): number[] => x.shape.map((size, axis) => (axis === 0 ? size : 1));

function assertPerImage(name: string, value: tf.Tensor, squaredError: tf.Tensor): void {
  if (value.rank !== 1 || value.shape[0] !== squaredError.shape[0])
    throw new RangeError(
      `weightedLoss: expected ${name} as [${squaredError.shape[0]}], one value per image of squaredError ` +
        `[${squaredError.shape}], got [${value.shape}]. Reshape ${name} to one axis.`,
    );
}
