import { at, type Node, reach, type SlidingWindow, slidingWindow, type Two, two } from '@edm2/tfjs-jit/graph';
import type { Emitter, Ref } from './emitter.js';
import type { NodeAttributes } from './graph-def.js';
import { padZeros, slice } from './shape.js';

/** The window; rows behind the last one are not padding: rounding dropped them. */
export function windowOf(
  node: Node,
  image: readonly number[],
  out: readonly number[],
  kernel: readonly number[],
): SlidingWindow {
  const window = slidingWindow(node, image, out, kernel);
  const along = ([before, after]: Two): Two => [before, Math.max(0, after)];
  return { ...window, pads: [along(window.pads[0]), along(window.pads[1])] };
}

/** What TensorFlow calls the padding, where it has a word for it. */
export function paddingWord(window: SlidingWindow): 'VALID' | 'SAME' | undefined {
  const { strides, pads, from, to } = window;
  if (pads.every(([before, after]) => before === 0 && after === 0)) return 'VALID';
  const same = ([0, 1] as const).every((i) => {
    const windows = Math.ceil(from[i] / strides[i]);
    const total = Math.max(0, (windows - 1) * strides[i] + reach(window, i) - from[i]);
    return windows === to[i] && pads[i][0] === Math.floor(total / 2) && pads[i][1] === total - Math.floor(total / 2);
  });
  return same ? 'SAME' : undefined;
}

/** Padding attributes of a convolution. */
export function paddingAttributes(window: SlidingWindow): NodeAttributes {
  const word = paddingWord(window);
  if (word !== undefined) return { padding: { text: word } };
  return { padding: { text: 'EXPLICIT' }, explicit_paddings: { ints: [0, 0, ...window.pads.flat(), 0, 0] } };
}

/** Strides and dilations of a convolution as four numbers. */
export const steps = ([rows, columns]: Two): { ints: number[] } => ({ ints: [1, rows, columns, 1] });

/** The same window over an image whose padding has been written out. */
export const overPadded = (window: SlidingWindow): SlidingWindow => ({
  ...window,
  pads: [
    [0, 0],
    [0, 0],
  ],
  from: two(window.from.map((n, i) => n + at(window.pads, i)[0] + at(window.pads, i)[1])),
});

/** An NHWC image with the window's padding as zeros around it. */
export const padded = (x: Ref, { pads }: SlidingWindow, e: Emitter): Ref =>
  pads.flat().every((n) => n === 0) ? x : padZeros(x, [[0, 0], ...pads, [0, 0]], e);

/** The image inside a padded one. */
export function cropped(x: Ref, { pads }: SlidingWindow, image: readonly number[], e: Emitter): Ref {
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
