import * as tf from '@tensorflow/tfjs-core';

/** Side of the pixels that the graph takes. */
const SIZE = 299;

/**
 * Bilinear resize to 299×299 without antialias. `'tf1'`: source coordinate `i·in/out`; `'torch'`: `(i + ½)·in/out − ½`; neighbours
 * beyond the border repeat it.
 *
 * @param images - `[N, H, W, 3]`.
 * @returns `[N, 299, 299, 3]` on the scale that came in.
 */
export function resizeImages(images: tf.Tensor4D, mode: 'tf1' | 'torch'): tf.Tensor4D {
  const [, height, width] = images.shape;
  if (height === SIZE && width === SIZE) return images;
  return tf.image.resizeBilinear(images, [SIZE, SIZE], false, mode === 'torch');
}
