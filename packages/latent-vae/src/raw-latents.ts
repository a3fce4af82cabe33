import * as tf from '@tensorflow/tfjs-core';

/**
 * Parts raw latents as EDM2's dataset tool stores them, means before deviations on the channel axis.
 *
 * @param raw - `[…, 2C]`.
 * @returns new tensors `[…, C]`.
 * @throws {RangeError} when the number of channels is odd.
 */
export function splitRawLatents<T extends tf.Tensor>(raw: T): { mean: T; std: T } {
  const channels = raw.shape.at(-1) ?? 0;
  if (channels === 0 || channels % 2 !== 0)
    throw new RangeError(
      `splitRawLatents: expected an even number of channels on the last axis, got [${raw.shape}]. Means come first, then as many deviations.`,
    );
  const [mean, std] = tf.split(raw, 2, -1) as [T, T];
  return { mean, std };
}
