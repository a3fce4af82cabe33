import * as tf from '@tensorflow/tfjs-core';

/** Keeps half precision from overflowing. Karras et al. 2024, D.2. */
const LIMIT = 256;

/** Limits activations to ±256; the gradient is 0 beyond. */
export function clampActivations(x: tf.Tensor4D): tf.Tensor4D {
  return op(x) as tf.Tensor4D;
}

/** tf.clipByValue with a gradient of three kernels instead of five. */
const op = /* @__PURE__ */ tf.customGrad((input, save) => {
  const x = input as tf.Tensor;
  const value = tf.clipByValue(x, -LIMIT, LIMIT);
  (save as tf.GradSaveFunc)([x, value]);
  return {
    value,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [before, after] = saved as [tf.Tensor, tf.Tensor];
      return tf.mul(dy, tf.cast(tf.equal(before, after), 'float32'));
    },
  };
});
