import { type Node, type SlidingWindow, slidingWindow, type Two } from '@edm2/tfjs-jit/graph';

/** The window with the rows that no window reaches, fewer than a stride, left out of its padding: they make no window more. */
export function windowOf(
  node: Node,
  image: readonly number[],
  out: readonly number[],
  kernel: readonly number[],
): SlidingWindow {
  const window = slidingWindow(node, image, out, kernel);
  const along = (i: 0 | 1): Two => {
    const [before, after] = window.pads[i];
    return [before, after < 0 && after > -window.strides[i] ? 0 : after];
  };
  return { ...window, pads: [along(0), along(1)] };
}
