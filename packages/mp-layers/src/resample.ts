import * as tf from '@tensorflow/tfjs-core';

/**
 * Halves height and width: each channel filtered with the outer product of `filter` (scaled to sum 1), every second pixel kept.
 * The default [1, 1] is the mean of 2×2 pixels.
 *
 * @param x - `[N, H, W, C]` float32, H and W even.
 * @param filter - even number of taps whose sum is not 0.
 * @returns new tensor `[N, H/2, W/2, C]`.
 * @throws {RangeError} when the filter or the shape is not of that kind.
 * @see Karras et al. 2024, Table 6 (resampling filter).
 */
export function downsample2d(x: tf.Tensor4D, filter: readonly number[] = [1, 1]): tf.Tensor4D {
  const f = checked('downsample2d', x, filter);
  if (x.shape[1] % 2 !== 0 || x.shape[2] % 2 !== 0)
    throw new RangeError(
      `downsample2d: expected even height and width, got [${x.shape}]. Pad the image to a power of two.`,
    );
  const op = tf.customGrad((input) => ({
    value: down(input as tf.Tensor4D, f),
    gradFunc: (dy: tf.Tensor4D) => tf.mul(up(dy, f), 1 / 4),
  }));
  return tf.tidy(() => op(x) as tf.Tensor4D);
}

/**
 * Doubles height and width: the transpose of {@link downsample2d} times 4, which keeps the mean.
 * The default [1, 1] repeats every pixel 2×2 (nearest neighbour).
 *
 * @param x - `[N, H, W, C]` float32.
 * @param filter - even number of taps whose sum is not 0.
 * @returns new tensor `[N, 2H, 2W, C]`.
 * @throws {RangeError} when the filter or the shape is not of that kind.
 * @see Karras et al. 2024, Table 6 (resampling filter).
 */
export function upsample2d(x: tf.Tensor4D, filter: readonly number[] = [1, 1]): tf.Tensor4D {
  const f = checked('upsample2d', x, filter);
  const op = tf.customGrad((input) => ({
    value: up(input as tf.Tensor4D, f),
    gradFunc: (dy: tf.Tensor4D) => tf.mul(down(dy, f), 4),
  }));
  return tf.tidy(() => op(x) as tf.Tensor4D);
}

function checked(fn: string, x: tf.Tensor, filter: readonly number[]): number[] {
  const sum = filter.reduce((total, tap) => total + tap, 0);
  if (filter.length === 0 || filter.length % 2 !== 0 || !Number.isFinite(sum) || sum === 0)
    throw new RangeError(
      `${fn}: expected filter with an even number of taps and a sum other than 0, got [${filter.join(', ')}]. [1, 1] is the paper's.`,
    );
  if (x.rank !== 4) throw new RangeError(`${fn}: expected x as [N, H, W, C], got [${x.shape}]. Reshape it.`);
  return filter.map((tap) => tap / sum);
}

const isBox = (f: readonly number[]): boolean => f.length === 2 && f[0] === f[1];

function down(x: tf.Tensor4D, f: readonly number[]): tf.Tensor4D {
  if (isBox(f)) return tf.avgPool(x, 2, 2, 'valid');
  return tf.depthwiseConv2d(x, kernel(f, x.shape[3]), 2, f.length / 2 - 1);
}

function up(x: tf.Tensor4D, f: readonly number[]): tf.Tensor4D {
  if (isBox(f)) return interleave(x, x, x);
  // Transposed convolution: zeros between the pixels, then the mirrored filter.
  const zeros = tf.zerosLike(x);
  const spread = interleave(x, zeros, tf.zeros([x.shape[0] * x.shape[1], 2 * x.shape[2] * x.shape[3]]));
  const around: [number, number] = [f.length / 2, f.length / 2 - 1];
  const padded = tf.pad(spread, [[0, 0], around, around, [0, 0]]);
  return tf.depthwiseConv2d(padded, tf.mul<tf.Tensor4D>(kernel(f.toReversed(), x.shape[3]), 4), 1, 'valid');
}

/**
 * Puts `right` beside every pixel of x and `below` under every row. With x as all three this is nearest neighbour, by
 * concatenations: the resize kernels are slow on some engines and their gradient is wrong on one.
 */
function interleave(x: tf.Tensor4D, right: tf.Tensor4D, below: tf.Tensor): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  const wide = tf.reshape(tf.concat([tf.reshape(x, [n * h * w, c]), tf.reshape(right, [n * h * w, c])], 1), [
    n * h,
    2 * w * c,
  ]);
  return tf.reshape(tf.concat([wide, below === x ? wide : (below as tf.Tensor2D)], 1), [n, 2 * h, 2 * w, c]);
}

/** `[L, L, C, 1]`: the outer product of f with itself for every channel. */
function kernel(f: readonly number[], channels: number): tf.Tensor4D {
  const plane = tf.tensor4d(
    f.flatMap((a) => f.map((b) => a * b)),
    [f.length, f.length, 1, 1],
  );
  return tf.tile(plane, [1, 1, channels, 1]);
}
