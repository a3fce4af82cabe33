import { at, type Node, numbers, pairs } from '@edm2/tfjs-jit/graph';
import type { Emitter, Ref } from './emitter.js';
import type { NodeAttributes } from './graph-def.js';
import { padZeros, slice } from './shape.js';

type Two = readonly [number, number];

/** A window that slides over an image, with everything explicit. */
export interface Window {
  readonly strides: Two;
  readonly dilations: Two;
  /** Taps of the window. */
  readonly kernel: Two;
  /** Zeros before and after the rows, and before and after the columns. */
  readonly pads: readonly [Two, Two];
  /** Extent of the image. */
  readonly from: Two;
  /** Number of windows. */
  readonly to: Two;
}

const two = (values: readonly number[]): Two => [at(values, 0), at(values, 1)];

/**
 * Reads a kernel's window.
 *
 * @param image - shape of the image, NHWC.
 * @param out - shape of what the forward kernel gives, NHWC.
 */
export function windowOf(
  node: Node,
  image: readonly number[],
  out: readonly number[],
  kernel: readonly number[],
): Window {
  const strides = two(numbers(node.attrs, 'strides'));
  const dilations = two(numbers(node.attrs, 'dilations'));
  const given = pairs(node.attrs, 'pad');
  const from = two(image.slice(1));
  const to = two(out.slice(1));
  const taps = two(kernel);
  const along = (i: 0 | 1): Two => {
    const before = at(given, i + 1)[0];
    // Rows behind the last window are not padding: rounding dropped them.
    const reach = (to[i] - 1) * strides[i] + (taps[i] - 1) * dilations[i] + 1;
    return [before, Math.max(0, reach - from[i] - before)];
  };
  return { strides, dilations, kernel: taps, pads: [along(0), along(1)], from, to };
}

/** What TensorFlow calls the padding, where it has a word for it. */
export function paddingWord({ strides, dilations, kernel, pads, from, to }: Window): 'VALID' | 'SAME' | undefined {
  if (pads.every(([before, after]) => before === 0 && after === 0)) return 'VALID';
  const same = ([0, 1] as const).every((i) => {
    const windows = Math.ceil(from[i] / strides[i]);
    const total = Math.max(0, (windows - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - from[i]);
    return windows === to[i] && pads[i][0] === Math.floor(total / 2) && pads[i][1] === total - Math.floor(total / 2);
  });
  return same ? 'SAME' : undefined;
}

/** Padding attributes of a convolution. */
export function paddingAttributes(window: Window): NodeAttributes {
  const word = paddingWord(window);
  if (word !== undefined) return { padding: { text: word } };
  return { padding: { text: 'EXPLICIT' }, explicit_paddings: { ints: [0, 0, ...window.pads.flat(), 0, 0] } };
}

/** Strides and dilations of a convolution as four numbers. */
export const steps = ([rows, columns]: Two): { ints: number[] } => ({ ints: [1, rows, columns, 1] });

/** The same window over an image whose padding has been written out. */
export const overPadded = (window: Window): Window => ({
  ...window,
  pads: [
    [0, 0],
    [0, 0],
  ],
  from: two(window.from.map((n, i) => n + at(window.pads, i)[0] + at(window.pads, i)[1])),
});

/** An NHWC image with the window's padding as zeros around it. */
export const padded = (x: Ref, { pads }: Window, e: Emitter): Ref =>
  pads.flat().every((n) => n === 0) ? x : padZeros(x, [[0, 0], ...pads, [0, 0]], e);

/** The image inside a padded one. */
export function cropped(x: Ref, { pads }: Window, image: readonly number[], e: Emitter): Ref {
  if (pads.flat().every((n) => n === 0)) return x;
  return slice(x, [0, pads[0][0], pads[1][0], 0], image, e);
}

/**
 * Puts zeros between the entries of two neighbouring axes: what a dilated filter or the gradient of a strided window is.
 *
 * @param axis - the first of the two.
 * @param by - distance from entry to entry in the result.
 */
export function insertZeros(x: Ref, shape: readonly number[], axis: 0 | 1, by: Two, e: Emitter): Ref {
  if (by[0] === 1 && by[1] === 1) return x;
  const [h, w] = [at(shape, axis), at(shape, axis + 1)];
  const [head, tail] = [shape.slice(0, axis), shape.slice(axis + 2)];
  const apart = e.reshape(x, [...head, h, 1, w, 1, ...tail]);
  const none: Two = [0, 0];
  const widths: Two[] = [...head.map(() => none), none, [0, by[0] - 1], none, [0, by[1] - 1], ...tail.map(() => none)];
  const wide = e.reshape(padZeros(apart, widths, e), [...head, h * by[0], w * by[1], ...tail]);
  const size = [...head, (h - 1) * by[0] + 1, (w - 1) * by[1] + 1, ...tail];
  return slice(
    wide,
    size.map(() => 0),
    size,
    e,
  );
}
