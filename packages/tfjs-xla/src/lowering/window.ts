import { at, type Node, numbers, pairs } from '@edm2/tfjs-jit/graph';

type Two = readonly [number, number];

/** A window that slides over an image, with everything explicit. */
export interface Window {
  readonly strides: Two;
  readonly dilations: Two;
  /** Taps of the window. */
  readonly kernel: Two;
  /** Before and after the rows, and before and after the columns; negative where rows behind the last window are left out. */
  readonly pads: readonly [Two, Two];
  /** Extent of the image. */
  readonly from: Two;
  /** Number of windows. */
  readonly to: Two;
}

const two = (values: readonly number[]): Two => [at(values, 0), at(values, 1)];

/** Extent of a window with its dilation. */
export const reach = ({ kernel, dilations }: Pick<Window, 'kernel' | 'dilations'>, i: 0 | 1): number =>
  (kernel[i] - 1) * dilations[i] + 1;

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
  const [from, to, taps] = [two(image.slice(1)), two(out.slice(1)), two(kernel)];
  const along = (i: 0 | 1): Two => {
    const before = at(given, i + 1)[0];
    const size = (taps[i] - 1) * dilations[i] + 1;
    const after = (to[i] - 1) * strides[i] + size - from[i] - before;
    // Fewer rows than a stride behind the last window make no window more.
    return [before, after < 0 && after > -strides[i] ? 0 : after];
  };
  return { strides, dilations, kernel: taps, pads: [along(0), along(1)], from, to };
}
