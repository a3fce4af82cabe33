import * as tf from '@tensorflow/tfjs-core';

/** Limits activations to ±limit, or not at all where that is null; the gradient is 0 beyond. */
export function clampActivations(x: tf.Tensor4D, limit: number | null): tf.Tensor4D {
  if (limit === null) return x;
  /** tf.clipByValue with a gradient of three kernels instead of five. */
  const op = tf.customGrad((input, save) => {
    const before = input as tf.Tensor;
    const value = tf.clipByValue(before, -limit, limit);
    (save as tf.GradSaveFunc)([before, value]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [before, after] = saved as [tf.Tensor, tf.Tensor];
        return tf.mul(dy, tf.cast(tf.equal(before, after), 'float32'));
      },
    };
  });
  return op(x) as tf.Tensor4D;
}
