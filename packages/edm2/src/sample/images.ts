/** Pixels `[N, H, W, C]`, 0…255: what is shown, stored and scored. */
export interface PixelBatch {
  readonly data: Uint8Array;
  readonly shape: readonly [number, number, number, number];
}

/** Class of a seed in grids of `columns`: a row for each class, repeating where there are more rows than classes. */
export const gridClass = (labelDim: number, columns: number) => (seed: number) => Math.floor(seed / columns) % labelDim;

/** The row of a class, `[labelDim]`, all zero for none (−1). */
export function oneHot(label: number, labelDim: number): Float32Array {
  const row = new Float32Array(labelDim);
  if (label >= 0) row[label] = 1;
  return row;
}

/** Part of a batch: images `from` up to, not including, `to`. */
export function sliceBatch({ data, shape }: PixelBatch, from: number, to: number): PixelBatch {
  const [count, height, width, channels] = shape;
  const size = height * width * channels;
  const end = Math.min(to, count);
  return { data: data.subarray(from * size, end * size), shape: [end - from, height, width, channels] };
}

/** Batches as one; none: no images. */
export function joinBatches(batches: readonly PixelBatch[]): PixelBatch {
  const [, height, width, channels] = batches[0]?.shape ?? [0, 0, 0, 0];
  const count = batches.reduce((sum, { shape }) => sum + shape[0], 0);
  const data = new Uint8Array(count * height * width * channels);
  let at = 0;
  for (const batch of batches) {
    data.set(batch.data, at);
    at += batch.data.length;
  }
  return { data, shape: [count, height, width, channels] };
}
