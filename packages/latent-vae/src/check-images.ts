import type * as tf from '@tensorflow/tfjs-core';

/** @throws {RangeError} when images, or latents, are not `[N, H, W, channels]` with sides that are multiples of a number. */
export function checkImages(fn: string, what: string, x: tf.Tensor, channels: number, multiple: number): void {
  const [, h = 0, w = 0, c] = x.shape;
  if (x.rank === 4 && c === channels && h % multiple === 0 && w % multiple === 0) return;
  const sides = multiple > 1 ? `, sides multiples of ${multiple}` : '';
  throw new RangeError(
    `${fn}: expected ${what} of shape [N, H, W, ${channels}]${sides}, got [${x.shape}]. Images are channels-last; pad or crop them first.`,
  );
}
