import { type GoldenArray, type GoldenFile, nchwToNhwc, oihwToHwio, oiToIo, relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { Params, UNetOptions } from './index.js';

/** Test helper: what the golden files hold, in this package's layouts. */

const toTensor = ({ shape, data }: GoldenArray): tf.Tensor => tf.tensor(Float32Array.from(data), shape, 'float32');

/** Files store filters `[out, in, h, w]`, kernels `[out, in]`, gains `[1]`. */
export const weightArray = (name: string, a: GoldenArray): GoldenArray => {
  if (name.endsWith('_gain')) return { shape: [], data: a.data };
  if (a.shape.length === 4) return oihwToHwio(a);
  return a.shape.length === 2 ? oiToIo(a) : a;
};

/** All parameters below a prefix, logvar head included. */
export const goldenParams = (golden: GoldenFile, prefix: string): Params =>
  Object.fromEntries(
    Object.entries(golden.under(prefix)).map(([name, array]) => [name, toTensor(weightArray(name, array))]),
  );

/** `[N, C, H, W]` images as `[N, H, W, C]`, anything else as it is. */
export const goldenTensor = (array: GoldenArray): tf.Tensor =>
  toTensor(array.shape.length === 4 ? nchwToNhwc(array) : array);

/** Row `index` of the first axis. */
export const rowOf = ({ shape, data }: GoldenArray, index: number): GoldenArray => {
  const length = data.length / (shape[0] ?? 1);
  return { shape: shape.slice(1), data: data.slice(index * length, (index + 1) * length) };
};

/** The metadata's configuration in camel case. */
export const goldenOptions = (golden: GoldenFile, key = 'config'): UNetOptions =>
  Object.fromEntries(
    Object.entries(JSON.parse(golden.metadata[key] ?? '{}')).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  ) as unknown as UNetOptions;

/** Relative (L2); measured: at most 7.4e-3 for a network's output, 5.8e-3 for a block's. */
const BFLOAT16_TOLERANCE = 1.5e-2;

/** Holds what was computed in bfloat16 against float32 results: near them, and not so near that nothing was rounded. */
export function expectRounded(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const error = relativeError(actual, expected);
  expect(error).toBeLessThan(BFLOAT16_TOLERANCE);
  expect(error).toBeGreaterThan(1e-4);
}
