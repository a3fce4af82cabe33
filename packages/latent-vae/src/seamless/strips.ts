import * as tf from '@tensorflow/tfjs-core';
import type { ChannelSums } from './channel-sums.js';
import type { DecoderStage } from './plan.js';
import type { Rows } from './rows.js';

/** Similarities held at once by attention, values. */
const MAX_SIMILARITIES = 2 ** 24;

/** Activations of one image. */
export interface Activations {
  readonly rows: Rows;
  readonly width: number;
  readonly channels: number;
  readonly sums: ChannelSums;
}

/** Rows of a strip. */
export const rowsOf = (width: number, pixels: number): number => Math.max(1, Math.floor(pixels / width));

/** Rows that attend at once. */
export const attendRows = (height: number, width: number, pixels: number): number =>
  Math.min(rowsOf(width, pixels), rowsOf(width, Math.floor(MAX_SIMILARITIES / (height * width))));

/** Rows parted evenly: at most two heights, so that a function is compiled twice at most. */
export function strips(height: number, most: number): { top: number; count: number }[] {
  const count = Math.ceil(height / Math.ceil(height / most));
  return Array.from({ length: Math.ceil(height / count) }, (_, i) => ({
    top: i * count,
    count: Math.min(count, height - i * count),
  }));
}

/** Strips of all stages together, for progress. */
export function countStrips(stages: readonly DecoderStage[], h: number, w: number, pixels: number): number {
  let scale = 1;
  let total = 0;
  for (const { op } of stages) {
    const [height, width] = [h * scale, w * scale];
    total += strips(height, op === 'attend' ? attendRows(height, width, pixels) : rowsOf(width, pixels)).length;
    if (op === 'double') scale *= 2;
  }
  return total;
}

/** The rows as a tensor `[1, count, W, C]`. */
export async function strip({ rows, width, channels }: Activations, top: number, count: number): Promise<tf.Tensor4D> {
  return tf.tensor4d(await rows.read(top, count), [1, count, width, channels]);
}

/** The rows, and one more above and below: zeros outside the image. */
export async function withHalo(
  { rows, width, channels }: Activations,
  top: number,
  count: number,
): Promise<tf.Tensor4D> {
  const first = Math.max(top - 1, 0);
  const last = Math.min(top + count + 1, rows.height);
  const values = new Float32Array((count + 2) * rows.rowLength);
  values.set(await rows.read(first, last - first), (first - (top - 1)) * rows.rowLength);
  return tf.tensor4d(values, [1, count + 2, width, channels]);
}

/** `[1, count + 2, 1, 1]`: 1 for rows of the image, 0 for those outside. */
export const haloMask = (top: number, count: number, height: number): tf.Tensor4D =>
  tf.tensor4d(
    Float32Array.from({ length: count + 2 }, (_, i) => (top + i - 1 >= 0 && top + i - 1 < height ? 1 : 0)),
    [1, count + 2, 1, 1],
  );

/** Writes a strip's result and adds its channels to the sums. */
export async function keep(
  result: readonly tf.Tensor[],
  output: Activations,
  top: number,
  pixels: number,
): Promise<void> {
  const [values, means, variances] = await Promise.all(result.map((tensor) => tensor.data<'float32'>()));
  if (!values || !means || !variances) return;
  await output.rows.write(top, values);
  output.sums.add(means, variances, pixels);
}
