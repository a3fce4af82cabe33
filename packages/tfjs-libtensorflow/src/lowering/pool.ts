import { at, type Node, numbers, type SlidingWindow } from '@edm2/tfjs-jit/graph';
import { select } from './elementwise.js';
import type { Emitter, Lowerings, Ref } from './emitter.js';
import type { Attribute, NodeAttributes } from './graph-def.js';
import { cropped, overPadded, padded, paddingWord, steps, windowOf } from './window.js';

const arg = (node: Node, e: Emitter, index = 0): Ref => e.ref(at(node.inputs, index));
const shapeOf = (node: Node, index = 0): readonly number[] => at(node.inputs, index).shape;
const outShape = (node: Node): readonly number[] => at(node.outputs, 0).shape;

const windowFor = (node: Node, image: readonly number[], out: readonly number[]): SlidingWindow =>
  windowOf(node, image, out, numbers(node.attrs, 'filterSize'));

const attributes = (window: SlidingWindow): Record<string, Attribute> => ({
  ksize: steps(window.kernel),
  strides: steps(window.strides),
  data_format: { text: 'NHWC' },
  padding: { text: paddingWord(window) ?? 'VALID' },
});

/** An image with explicit padding that no maximum comes from. */
function paddedLow(x: Ref, { pads }: SlidingWindow, e: Emitter): Ref {
  const amounts = e.tensor(Int32Array.from([0, 0, ...pads.flat(), 0, 0]), [4, 2], 'int32');
  return e.op('PadV2', [x, amounts, e.scalar(Number.NEGATIVE_INFINITY)], { Tpaddings: { type: 'int32' } });
}

/** How many of the image's pixels each window covers, row by row: padding does not count. */
function counts({ strides, kernel, pads, from, to }: SlidingWindow): number[] {
  const along = (i: 0 | 1): number[] =>
    Array.from({ length: to[i] }, (_, k) => {
      const start = k * strides[i] - pads[i][0];
      return Math.max(0, Math.min(start + kernel[i], from[i]) - Math.max(start, 0));
    });
  const columns = along(1);
  return along(0).flatMap((h) => columns.map((w) => h * w));
}

/** SlidingWindow size over the number of the image's pixels in each window, `[1, h, w, 1]`. */
function correction(window: SlidingWindow, e: Emitter): Ref {
  const { kernel, to } = window;
  const factors = counts(window).map((n) => (kernel[0] * kernel[1]) / n);
  return e.tensor(Float32Array.from(factors), [1, to[0], to[1], 1], 'float32');
}

const averageGradient = (dy: Ref, shape: readonly number[], window: SlidingWindow, e: Emitter): Ref =>
  e.op('AvgPoolGrad', [e.ints(shape), dy], { ...attributes(window), T: { type: dy.dtype } }, dy.dtype);

/** Pools and their gradients, NHWC. */
export const pools: Lowerings = {
  MaxPool(node, e) {
    const window = windowFor(node, shapeOf(node), outShape(node));
    const named = paddingWord(window) !== undefined;
    const maxima = e.op('MaxPool', [named ? arg(node, e) : paddedLow(arg(node, e), window, e)], attributes(window));
    const seen = counts(window);
    if (seen.every((n) => n > 0)) return maxima;
    // TensorFlow begins at the lowest number, not at minus infinity.
    const mask = e.tensor(
      Uint8Array.from(seen, (n) => Math.min(1, n)),
      [1, ...window.to, 1],
      'bool',
    );
    return select(mask, maxima, e.scalar(Number.NEGATIVE_INFINITY), e);
  },
  MaxPoolWithArgmax(node, e) {
    const x = arg(node, e);
    const window = windowFor(node, shapeOf(node), outShape(node));
    if (paddingWord(window) === undefined) {
      throw new RangeError(
        `jit: expected tf.maxPoolWithArgmax with pad 'same' or 'valid', got other padding. Use tf.pad before it.`,
      );
    }
    // It knows no data format: images lie in NHWC here anyway.
    const { data_format: _, ...shared } = attributes(window);
    const attrs: NodeAttributes = {
      ...shared,
      T: { type: x.dtype },
      Targmax: { type: 'int64' },
      include_batch_in_index: { bool: node.attrs['includeBatchInIndex'] === true },
    };
    const [values, indices] = e.node('MaxPoolWithArgmax', [x], attrs, [x.dtype, 'int64']) as [Ref, Ref];
    return [values, e.cast(indices, 'int32')];
  },
  MaxPoolGrad(node, e) {
    const [dy, x, y] = [arg(node, e), arg(node, e, 1), arg(node, e, 2)];
    const window = windowFor(node, shapeOf(node, 1), shapeOf(node, 0));
    if (paddingWord(window) !== undefined) return e.op('MaxPoolGrad', [x, y, dy], attributes(window));
    const gradient = e.op('MaxPoolGrad', [paddedLow(x, window, e), y, dy], attributes(window));
    return cropped(gradient, window, outShape(node), e);
  },
  AvgPool(node, e) {
    const window = windowFor(node, shapeOf(node), outShape(node));
    if (paddingWord(window) !== undefined) return e.op('AvgPool', [arg(node, e)], attributes(window));
    const means = e.op('AvgPool', [padded(arg(node, e), window, e)], attributes(window));
    return e.op('Mul', [means, correction(window, e)]);
  },
  AvgPoolGrad(node, e) {
    const dy = arg(node, e);
    const window = windowFor(node, outShape(node), shapeOf(node));
    if (paddingWord(window) !== undefined) return averageGradient(dy, outShape(node), window, e);
    const share = e.op('Mul', [dy, correction(window, e)]);
    const [n, , , c] = outShape(node) as [number, number, number, number];
    const gradient = averageGradient(share, [n, ...overPadded(window).from, c], window, e);
    return cropped(gradient, window, outShape(node), e);
  },
};
