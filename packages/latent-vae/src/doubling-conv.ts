import * as tf from '@tensorflow/tfjs-core';

/**
 * Nearest-neighbour upsampling by 2 and then a 3×3 convolution, as four 2×2 convolutions of the small image, one for each
 * place in a block of 2×2 pixels: where a 3×3 window covers an original pixel twice, its weights are added first. 16
 * multiply-adds for every 36, a sixth of the decoder's arithmetic, and the large image is written once. Measured against PyTorch, decoding
 * 256×256 went from 1.02 to 1.47 times as fast on libtensorflow, from 1.19 to 1.25 on ONNX Runtime (`npm run bench -- vae --only decode`).
 *
 * @param x - `[N, H, W, C]`.
 * @param filter - `[3, 3, C, C′]`.
 * @returns new tensor `[N, 2H, 2W, C′]`.
 */
export function doublingConv(x: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D {
  const [n, h, w] = x.shape;
  const to = filter.shape[3];
  const rows = [0, 1].map((down) => {
    const columns = [0, 1].map((right) => {
      const weights = pairs(pairs(filter, 0, down), 1, right);
      const y = tf.conv2d(x, weights, 1, [
        [0, 0],
        [1 - down, down],
        [1 - right, right],
        [0, 0],
      ]);
      return tf.reshape(y, [n * h * w, to]);
    });
    return tf.reshape(tf.concat(columns, 1), [n * h, 2 * w * to]);
  });
  return tf.reshape(tf.concat(rows, 1), [n, 2 * h, 2 * w, to]);
}

/** Three taps along an axis as the two that the first or the second of two equal pixels needs. */
function pairs(filter: tf.Tensor4D, axis: 0 | 1, second: number): tf.Tensor4D {
  const [a, b, c] = tf.split(filter, 3, axis) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  return tf.concat(second === 0 ? [a, tf.add<tf.Tensor4D>(b, c)] : [tf.add<tf.Tensor4D>(a, b), c], axis);
}
