import * as tf from '@tensorflow/tfjs-core';

/**
 * Magnitude-preserving Fourier features `√2·cos(c·freqs + phases)`.
 *
 * @param c - `[N]` float32, in the network `c_noise = ln(σ)/4`.
 * @param freqs - `[C]`, drawn once as 2π·N(0, 1) and fixed.
 * @param phases - `[C]`, drawn once as 2π·U(0, 1) and fixed.
 * @returns new tensor `[N, C]`, unit magnitude over the channels.
 * @throws {RangeError} when c is not `[N]`, or freqs and phases are not both `[C]`.
 * @see Karras et al. 2024, eq. 75.
 */
export function mpFourier(c: tf.Tensor, freqs: tf.Tensor, phases: tf.Tensor): tf.Tensor2D {
  return tf.tidy(() => tf.mul(fourier(c, freqs, phases), Math.SQRT2));
}

/**
 * Plain Fourier features `cos(c·freqs + phases)`, of magnitude 1/√2; {@link mpFourier} without its √2.
 *
 * @param c - `[N]` float32.
 * @param freqs - `[C]`.
 * @param phases - `[C]`.
 * @returns new tensor `[N, C]`.
 * @throws {RangeError} as {@link mpFourier}.
 * @see Karras et al. 2024, B.3 (configs C to F).
 */
export function fourier(c: tf.Tensor, freqs: tf.Tensor, phases: tf.Tensor): tf.Tensor2D {
  if (c.rank !== 1 || freqs.rank !== 1 || freqs.shape[0] !== phases.shape[0] || phases.rank !== 1)
    throw new RangeError(
      `mpFourier: expected c as [N], freqs and phases as [C], got [${c.shape}], [${freqs.shape}] and [${phases.shape}]. Reshape them.`,
    );
  return tf.tidy(
    () => tf.cos(tf.add(tf.mul(tf.reshape(c, [-1, 1]), tf.reshape(freqs, [1, -1])), phases)) as tf.Tensor2D,
  );
}
