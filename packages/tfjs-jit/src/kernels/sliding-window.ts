import type { Node } from '../graph/graph.js';
import { at, numbers, pairs } from './spec.js';

/** Rows and columns. */
export type Two = readonly [number, number];

/** A window that slides over an image, with everything explicit. */
export interface SlidingWindow {
  readonly strides: Two;
  readonly dilations: Two;
  /** Taps of the window. */
  readonly kernel: Two;
  /** Zeros before and after the rows, and before and after the columns; negative where the last window ends before the image does. */
  readonly pads: readonly [Two, Two];
  /** Extent of the image. */
  readonly from: Two;
  /** Number of windows. */
  readonly to: Two;
}

/** The first two of a list. */
export const two = (values: readonly number[]): Two => [at(values, 0), at(values, 1)];

/** Extent of a window with its dilation. */
export const reach = ({ kernel, dilations }: Pick<SlidingWindow, 'kernel' | 'dilations'>, i: 0 | 1): number =>
  (kernel[i] - 1) * dilations[i] + 1;

/**
 * Reads the window of a convolution or a pooling.
 *
 * @param image - shape of the image, NHWC.
 * @param out - shape of what the forward kernel gives, NHWC.
 * @param taps - the window's rows and columns; more numbers are not read.
 */
export function slidingWindow(
  node: Node,
  image: readonly number[],
  out: readonly number[],
  taps: readonly number[],
): SlidingWindow {
  const strides = two(numbers(node.attrs, 'strides'));
  const dilations = two(numbers(node.attrs, 'dilations'));
  const given = pairs(node.attrs, 'pad');
  const [from, to, kernel] = [two(image.slice(1)), two(out.slice(1)), two(taps)];
  const along = (i: 0 | 1): Two => {
    const before = at(given, i + 1)[0];
    return [before, (to[i] - 1) * strides[i] + reach({ kernel, dilations }, i) - from[i] - before];
  };
  return { strides, dilations, kernel, pads: [along(0), along(1)], from, to };
}
