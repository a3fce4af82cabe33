import { at, type Node, number, sizeOf } from '@edm2/tfjs-jit/graph';
import { cast } from './casts.js';
import type { Emitter, Lowerings } from './emitter.js';

const arg = (node: Node, e: Emitter, index: number): string => e.name(at(node.inputs, index));

/**
 * Rows of a table, `[rows, width]`, to place at `indices`, `[count]`, which lie in the table.
 *
 * `ScatterND` would take them as they are, but ONNX Runtime adds with several threads at once there and loses updates to
 * one place; `ScatterElements` goes through them in order, so that equal inputs give equal bits.
 */
interface Rows {
  readonly table: string;
  readonly indices: string;
  readonly updates: string;
  readonly count: number;
  readonly width: number;
}

function scatterRows({ table, indices, updates, count, width }: Rows, sum: boolean, e: Emitter): string {
  const everywhere = e.op('Expand', [e.reshape(indices, [count, 1]), e.ints([count, width])]);
  const reduction = sum ? { reduction: 'add' } : {};
  return e.op('ScatterElements', [table, everywhere, e.reshape(updates, [count, width])], { axis: 0, ...reduction });
}

/** Places slices in a tensor of the node's result shape, at the places that lists of indices name. */
function scatterSlices(table: string, index: number, node: Node, sum: boolean, e: Emitter): string {
  const { shape } = at(node.outputs, 0);
  const given = at(node.inputs, index).shape;
  const depth = given.length > 1 ? at(given, given.length - 1) : 1;
  const count = sizeOf(given) / depth;
  const width = sizeOf(shape.slice(depth));
  const strides = Array.from({ length: depth }, (_, axis) => sizeOf(shape.slice(axis + 1, depth)));
  const rowCount = sizeOf(shape.slice(0, depth));
  const places = e.reshape(cast(arg(node, e, index), 'int64', e), [count, depth]);
  const known = e.constant(at(node.inputs, index)) !== undefined;
  const all = known ? places : outward(places, shape.slice(0, depth), rowCount, e);
  const indices = e.op('ReduceSum', [e.op('Mul', [all, e.ints(strides)]), e.ints([1])], { keepdims: 0 });
  const rows = { table: e.reshape(table, [rowCount, width]), indices, count, width };
  return e.reshape(scatterRows({ ...rows, updates: arg(node, e, index + 1) }, sum, e), shape);
}

/**
 * Indices of which those outside `extents` lie so far out that their row's place in memory is outside too: runtimes wrap
 * negative ones, and a column too many is the next row.
 */
function outward(indices: string, extents: readonly number[], beyond: number, e: Emitter): string {
  const [extent] = extents;
  if (extents.length === 1 && extent !== undefined) {
    // What the runtime names is then still known.
    const negative = e.op('Less', [indices, e.int(0)]);
    return e.op('Where', [negative, e.op('Sub', [indices, e.int(extent)]), indices]);
  }
  const low = e.op('Less', [indices, e.int(0)]);
  const high = e.op('GreaterOrEqual', [indices, e.ints(extents)]);
  return e.op('Where', [e.op('Or', [low, high]), e.int(beyond), indices]);
}

const BITS = 32;

/** Kernels that pick and place elements by index, and bits. */
export const indexing: Lowerings = {
  GatherNd(node, e) {
    const [x, indices] = [at(node.inputs, 0), at(node.inputs, 1)];
    const given = cast(e.name(indices), 'int64', e);
    const extents = x.shape.slice(0, at(indices.shape, indices.shape.length - 1));
    const known = e.constant(indices) !== undefined || extents.length === 0;
    return e.op('GatherND', [e.name(x), known ? given : outward(given, extents, Math.max(...extents), e)]);
  },
  ScatterNd(node, e) {
    const { shape, dtype } = at(node.outputs, 0);
    return scatterSlices(e.op('Expand', [e.scalar(0, dtype), e.ints(shape)]), 0, node, true, e);
  },
  TensorScatterUpdate: (node, e) => scatterSlices(arg(node, e, 0), 1, node, false, e),
  UnsortedSegmentSum(node, e) {
    const { shape, dtype } = at(node.inputs, 0);
    const segments = number(node.attrs, 'numSegments');
    const count = at(shape, 0);
    const width = sizeOf(shape) / Math.max(1, count);
    const table = e.op('Expand', [e.scalar(0, dtype), e.ints([segments, width])]);
    const ids = arg(node, e, 1);
    // What belongs to no segment is dropped.
    const [first, last] = [e.scalar(0, 'int32', 1), e.scalar(segments - 1, 'int32', 1)];
    const inside = e.op('And', [e.op('GreaterOrEqual', [ids, first]), e.op('LessOrEqual', [ids, last])]);
    const rows = e.reshape(arg(node, e, 0), [count, width]);
    const updates = e.op('Where', [e.reshape(inside, [count, 1]), rows, e.scalar(0, dtype, 2)]);
    const indices = e.op('Clip', [ids, e.scalar(0, 'int32'), e.scalar(segments - 1, 'int32')]);
    return e.reshape(scatterRows({ table, indices, updates, count, width }, true, e), at(node.outputs, 0).shape);
  },
  TopK(node, e) {
    const made = e.ops('TopK', [arg(node, e, 0), e.ints([number(node.attrs, 'k')])], { axis: -1 }, 2);
    return [at(made, 0), cast(at(made, 1), 'int32', e)];
  },
  BitwiseAnd(node, e) {
    // The operator came with opset 18: bit by bit, in 64 bits, where a shift of a negative number never happens.
    const { shape } = at(node.outputs, 0);
    const powers = e.ints(Array.from({ length: BITS }, (_, k) => 2 ** k));
    const bits = (index: number): string => {
      const wide = e.reshape(cast(arg(node, e, index), 'int64', e), [...shape, 1]);
      return e.op('Mod', [e.op('Div', [e.op('Mod', [wide, e.int(2 ** BITS)]), powers]), e.int(2)]);
    };
    const common = e.op('Mul', [e.op('Mul', [bits(0), bits(1)]), powers]);
    const sum = e.op('ReduceSum', [common, e.ints([-1])], { keepdims: 0 });
    // Back into the range of a signed number.
    const half = e.int(2 ** (BITS - 1));
    const signed = e.op('Sub', [e.op('Mod', [e.op('Add', [sum, half]), e.int(2 ** BITS)]), half]);
    return cast(signed, 'int32', e);
  },
};
