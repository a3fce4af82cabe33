import { at, type Node, numbers, sizeOf, type Value } from '@edm2/tfjs-jit/graph';
import { cast } from './casts.js';
import { windowAttributes } from './conv.js';
import type { Emitter, Lowerings, OnnxAttributes } from './emitter.js';

const arg = (node: Node, e: Emitter, index = 0): string => e.name(at(node.inputs, index));

function poolAttributes(node: Node): OnnxAttributes {
  const { strides, pads } = windowAttributes(node);
  return { strides, pads, kernel_shape: numbers(node.attrs, 'filterSize') };
}

/** ONNX Runtime takes padding that is smaller than the window only: what is larger is written around the image. */
interface Padded {
  readonly image: string;
  /** Shape of `image`, NCHW. */
  readonly shape: readonly number[];
  readonly attrs: OnnxAttributes;
  /** Rows and columns that were written before the image, if any. */
  readonly before: readonly [number, number] | undefined;
}

/** True when ONNX Runtime takes the padding. */
function isSmall(node: Node): boolean {
  const size = numbers(node.attrs, 'filterSize');
  return windowAttributes(node).pads.every((n, i) => n < at(size, i % 2));
}

/** An image that maxima are taken of: nothing around it is one. */
function paddedImage(image: string, x: Value, node: Node, e: Emitter): Padded {
  const { strides, pads } = windowAttributes(node);
  const size = numbers(node.attrs, 'filterSize');
  const [top, left, bottom, right] = pads as [number, number, number, number];
  if (isSmall(node)) return { image, shape: x.shape, attrs: poolAttributes(node), before: undefined };
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const wide = e.op('Pad', [image, e.ints([0, 0, top, left, 0, 0, bottom, right]), e.scalar(Number.NEGATIVE_INFINITY)]);
  const attrs = { strides, pads: [0, 0, 0, 0], kernel_shape: size };
  return { image: wide, shape: [n, c, h + top + bottom, w + left + right], attrs, before: [top, left] };
}

/** An image with the window's padding as zeros. Not by Pad: ONNX Runtime merges that into the pool, whose limit it then passes. */
function zerosAround(image: string, shape: readonly number[], node: Node, e: Emitter): string {
  const [top, left, bottom, right] = windowAttributes(node).pads as [number, number, number, number];
  const [n, c, h, w] = shape as [number, number, number, number];
  const zeros = (rows: number, columns: number): string[] =>
    rows * columns === 0 ? [] : [e.tensor(new Float32Array(n * c * rows * columns), [n, c, rows, columns], 'float32')];
  const wide = e.op('Concat', [...zeros(h, left), image, ...zeros(h, right)], { axis: 3 });
  const columns = left + w + right;
  return e.op('Concat', [...zeros(top, columns), wide, ...zeros(bottom, columns)], { axis: 2 });
}

/** How many pixels of the image `x` each window of a pool covers, `[1, 1, h, w]`: padding does not count. */
function windowCounts(
  node: Node,
  dy: readonly number[],
  x: readonly number[],
): { data: Float32Array; shape: number[] } {
  const { strides, pads } = windowAttributes(node);
  const filter = numbers(node.attrs, 'filterSize');
  const along = (axis: 0 | 1): number[] =>
    Array.from({ length: at(dy, axis + 2) }, (_, i) => {
      const start = i * at(strides, axis) - at(pads, axis);
      return Math.max(0, Math.min(start + at(filter, axis), at(x, axis + 2)) - Math.max(start, 0));
    });
  const columns = along(1);
  return {
    data: Float32Array.from(along(0).flatMap((h) => columns.map((w) => h * w))),
    shape: [1, 1, at(dy, 2), at(dy, 3)],
  };
}

/** Pools and their gradients, on NCHW. */
export const pools: Lowerings = {
  MaxPool(node, e) {
    const x = at(node.inputs, 0);
    const { image, attrs, before } = paddedImage(arg(node, e), x, node, e);
    const values = e.op('MaxPool', [image], attrs);
    if (before === undefined) return values;
    // The runtime begins at the lowest number, not at minus infinity.
    const { data, shape } = windowCounts(node, at(node.outputs, 0).shape, x.shape);
    const seen = e.tensor(
      Uint8Array.from(data, (n) => Math.min(1, n)),
      shape,
      'bool',
    );
    return e.op('Where', [seen, values, e.scalar(Number.NEGATIVE_INFINITY, 'float32', 4)]);
  },
  MaxPoolWithArgmax(node, e) {
    const [n, c, h, w] = at(node.inputs, 0).shape as [number, number, number, number];
    const [values = '', positions = ''] = e.ops('MaxPool', [arg(node, e)], poolAttributes(node), 2);
    // ONNX counts ((n·C + c)·H + y)·W + x, TensorFlow (y·W + x)·C + c, and n·H·W·C before it if asked to.
    const pixel = e.op('Mod', [positions, e.int(h * w)]);
    const channels = e.reshape(e.ints(Array.from({ length: c }, (_, i) => i)), [1, c, 1, 1]);
    const inImage = e.op('Add', [e.op('Mul', [pixel, e.int(c)]), channels]);
    const first = e.reshape(e.ints(Array.from({ length: n }, (_, i) => i * h * w * c)), [n, 1, 1, 1]);
    const index = node.attrs['includeBatchInIndex'] === true ? e.op('Add', [inImage, first]) : inImage;
    return [values, cast(index, 'int32', e)];
  },
  AvgPool(node, e) {
    const x = at(node.inputs, 0);
    const to = at(node.outputs, 0).shape;
    if (isSmall(node)) return e.op('AveragePool', [arg(node, e)], { ...poolAttributes(node), count_include_pad: 0 });
    const size = numbers(node.attrs, 'filterSize').reduce((product, n) => product * n, 1);
    const { strides } = windowAttributes(node);
    const kernel_shape = numbers(node.attrs, 'filterSize');
    const means = e.op('AveragePool', [zerosAround(e.name(x), x.shape, node, e)], { strides, kernel_shape });
    const { data, shape } = windowCounts(node, to, x.shape);
    const shares = data.map((n) => size / n);
    return e.op('Mul', [means, e.tensor(shares, shape, 'float32')]);
  },
  MaxPoolGrad(node, e) {
    // The forward pool again, for the positions of its maxima (the first of equals, as TensorFlow.js has it).
    const { shape: whole } = at(node.outputs, 0);
    const { image, attrs, shape, before } = paddedImage(arg(node, e, 1), at(node.inputs, 1), node, e);
    const size = sizeOf(shape);
    const count = sizeOf(at(node.inputs, 0).shape);
    const [, positions] = e.ops('MaxPool', [image], attrs, 2);
    const zeros = e.op('Expand', [e.scalar(0), e.ints([size])]);
    const indices = e.reshape(positions ?? '', [count]);
    const dx = e.op('ScatterElements', [zeros, indices, e.reshape(arg(node, e), [count])], {
      axis: 0,
      reduction: 'add',
    });
    const wide = e.reshape(dx, shape);
    if (before === undefined) return wide;
    const ends = [before[0] + at(whole, 2), before[1] + at(whole, 3)];
    return e.op('Slice', [wide, e.ints(before), e.ints(ends), e.ints([2, 3])]);
  },
  AvgPoolGrad(node, e) {
    const { data, shape } = windowCounts(node, at(node.inputs, 0).shape, at(node.inputs, 1).shape);
    // A window that sees padding alone has no share to give.
    const counts = data.map((n) => Math.max(1, n));
    const share = e.op('Div', [arg(node, e), e.tensor(counts, shape, 'float32')]);
    return spread(share, node, e);
  },
};

/** Adds each value of a pool's gradient to every pixel of its window. */
function spread(dy: string, node: Node, e: Emitter): string {
  const { strides, pads } = windowAttributes(node);
  const [kh, kw] = numbers(node.attrs, 'filterSize') as [number, number];
  const [n, c, oh, ow] = at(node.inputs, 0).shape as [number, number, number, number];
  const [, , h, w] = at(node.outputs, 0).shape as [number, number, number, number];
  const tiles = strides[0] === kh && strides[1] === kw && h === oh * kh && w === ow * kw && pads.every((p) => p === 0);
  if (tiles) return repeatPixels(dy, [n, c, oh, ow], [kh, kw], e);
  const [top, left] = pads as [number, number, number, number];
  // Windows as matrices: rows [h, oh] and columns [ow, w] of zeros and ones.
  const rows = membership(h, oh, kh, strides[0] ?? 1, top);
  const columns = membership(w, ow, kw, strides[1] ?? 1, left);
  const down = e.op('MatMul', [e.tensor(rows, [h, oh], 'float32'), dy]);
  return e.matmul(down, e.tensor(columns, [w, ow], 'float32'), { transposeB: true, rankA: 4, rankB: 2 });
}

function membership(pixels: number, windows: number, size: number, stride: number, before: number): Float32Array {
  const matrix = new Float32Array(pixels * windows);
  for (let i = 0; i < pixels; i++) {
    for (let k = 0; k < windows; k++) {
      const start = k * stride - before;
      if (i >= start && i < start + size) matrix[i * windows + k] = 1;
    }
  }
  return matrix;
}

/** Repeats each pixel of an NCHW image `kh × kw` times: concatenations of views, which copy in long runs. */
export function repeatPixels(
  x: string,
  shape: readonly number[],
  factor: readonly [number, number],
  e: Emitter,
): string {
  const [n, c, h, w] = shape as [number, number, number, number];
  const [kh, kw] = factor;
  const pixels = e.reshape(x, [n * c * h * w, 1]);
  const wide = kw === 1 ? pixels : e.op('Concat', new Array<string>(kw).fill(pixels), { axis: 1 });
  const rows = e.reshape(wide, [n * c * h, w * kw]);
  const tall = kh === 1 ? rows : e.op('Concat', new Array<string>(kh).fill(rows), { axis: 1 });
  return e.reshape(tall, [n, c, h * kh, w * kw]);
}
