import { unitToPixels } from '@edm2/dataset';
import type * as tf from '@tensorflow/tfjs-core';

/** Pixels 0…255 of generated images `[N, H, W, C]` in −1…1. */
export const toPixels = (images: tf.Tensor): Uint8Array => unitToPixels(images.dataSync() as Float32Array);

/** Class of a seed in grids of `columns`: a row for each class, repeating where there are more rows than classes. */
export const gridClass = (labelDim: number, columns: number) => (seed: number) => Math.floor(seed / columns) % labelDim;

/** The same as one-hot rows `[labelDim]`. */
export const gridLabels =
  (labelDim: number, columns: number) =>
  (seed: number): Float32Array => {
    const row = new Float32Array(labelDim);
    row[gridClass(labelDim, columns)(seed)] = 1;
    return row;
  };
