import type { Node } from '../../graph/graph.js';
import { at, numbers } from '../../kernels/spec.js';
import { windowAttributes } from './conv.js';
import { cast } from './elementwise.js';
import type { Emitter, Lowerings, OnnxAttributes } from './emitter.js';

const arg = (node: Node, e: Emitter, index = 0): string => e.name(at(node.inputs, index));

function poolAttributes(node: Node): OnnxAttributes {
  const { strides, pads } = windowAttributes(node);
  return { strides, pads, kernel_shape: numbers(node.attrs, 'filterSize') };
}

/** How many pixels of the image each window of a pool covers, `[1, 1, h, w]`: padding does not count. */
function windowCounts(node: Node): { data: Float32Array; shape: number[] } {
  const { strides, pads } = windowAttributes(node);
  const filter = numbers(node.attrs, 'filterSize');
  const dy = at(node.inputs, 0).shape;
  const x = at(node.inputs, 1).shape;
  const along = (axis: 0 | 1): number[] =>
    Array.from({ length: at(dy, axis + 2) }, (_, i) => {
      const start = i * at(strides, axis) - at(pads, axis);
      return Math.min(start + at(filter, axis), at(x, axis + 2)) - Math.max(start, 0);
    });
  const columns = along(1);
  return {
    data: Float32Array.from(along(0).flatMap((h) => columns.map((w) => h * w))),
    shape: [1, 1, at(dy, 2), at(dy, 3)],
  };
}

/** Pools and their gradients, on NCHW. */
export const pools: Lowerings = {
  MaxPool: (node, e) => e.op('MaxPool', [arg(node, e)], poolAttributes(node)),
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
  AvgPool: (node, e) => e.op('AveragePool', [arg(node, e)], { ...poolAttributes(node), count_include_pad: 0 }),
  MaxPoolGrad(node, e) {
    // The forward pool again, for the positions of its maxima (the first of equals, as TensorFlow.js has it).
    const shape = at(node.outputs, 0).shape;
    const size = shape.reduce((product, n) => product * n, 1);
    const count = at(node.inputs, 0).shape.reduce((product, n) => product * n, 1);
    const [, positions] = e.ops('MaxPool', [arg(node, e, 1)], poolAttributes(node), 2);
    const zeros = e.op('Expand', [e.scalar(0), e.ints([size])]);
    const indices = e.reshape(positions ?? '', [count]);
    const dx = e.op('ScatterElements', [zeros, indices, e.reshape(arg(node, e), [count])], {
      axis: 0,
      reduction: 'add',
    });
    return e.reshape(dx, shape);
  },
  AvgPoolGrad(node, e) {
    const { data, shape } = windowCounts(node);
    const share = e.op('Div', [arg(node, e), e.tensor(data, shape, 'float32')]);
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
