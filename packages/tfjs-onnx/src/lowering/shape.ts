import { at, type Node, number, numberOr, numbers, padValue, pairs, rangeValues } from '@edm2/tfjs-jit/graph';
import { cast } from './casts.js';
import type { Emitter, Lowering, Lowerings } from './emitter.js';

const arg = (node: Node, e: Emitter): string => e.name(at(node.inputs, 0));
const outShape = (node: Node): readonly number[] => at(node.outputs, 0).shape;
const reshape: Lowering = (node, e) => e.reshape(arg(node, e), outShape(node));
const concat: Lowering = (node, e) =>
  node.inputs.length === 1
    ? e.op('Identity', [arg(node, e)])
    : e.op(
        'Concat',
        node.inputs.map((v) => e.name(v)),
        { axis: number(node.attrs, 'axis') },
      );

/** An end that reaches past the first element, for slices that run backwards. */
const BEFORE_START = -(2 ** 53);

function pads(node: Node): number[] {
  const paddings = pairs(node.attrs, 'paddings');
  return [...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)];
}

/** Kernels that move elements. */
export const shapes: Lowerings = {
  Reshape: reshape,
  ExpandDims: reshape,
  Transpose: (node, e) => e.transpose(arg(node, e), numbers(node.attrs, 'perm')),
  Concat: concat,
  Pack(node, e) {
    const axis = number(node.attrs, 'axis');
    const slice = at(node.inputs, 0).shape;
    const shape = [...slice.slice(0, axis), 1, ...slice.slice(axis)];
    return e.op(
      'Concat',
      node.inputs.map((v) => e.reshape(e.name(v), shape)),
      { axis },
    );
  },
  Unpack(node, e) {
    const axis = number(node.attrs, 'axis');
    const count = node.outputs.length;
    if (count === 1) return [e.reshape(arg(node, e), outShape(node))];
    const parts = e.ops('Split', [arg(node, e), e.ints(new Array<number>(count).fill(1))], { axis }, count);
    return parts.map((part) => e.reshape(part, outShape(node)));
  },
  SplitV(node, e) {
    const sizes = numbers(node.attrs, 'numOrSizeSplits');
    if (sizes.length === 1) return [e.op('Identity', [arg(node, e)])];
    return e.ops('Split', [arg(node, e), e.ints(sizes)], { axis: number(node.attrs, 'axis') }, sizes.length);
  },
  Slice(node, e) {
    const { shape } = at(node.inputs, 0);
    const begin = numbers(node.attrs, 'begin');
    const size = numbers(node.attrs, 'size');
    const axes = shape.flatMap((n, axis) => (n === at(size, axis) ? [] : [axis]));
    if (axes.length === 0) return e.op('Identity', [arg(node, e)]);
    const starts = axes.map((axis) => at(begin, axis));
    const ends = axes.map((axis) => at(begin, axis) + at(size, axis));
    return e.op('Slice', [arg(node, e), e.ints(starts), e.ints(ends), e.ints(axes)]);
  },
  StridedSlice(node, e) {
    const begin = numbers(node.attrs, 'begin');
    if (begin.length === 0) return e.reshape(arg(node, e), outShape(node));
    const strides = numbers(node.attrs, 'strides');
    const ends = numbers(node.attrs, 'end').map((end, axis) => (end < 0 && at(strides, axis) < 0 ? BEFORE_START : end));
    const axes = begin.map((_, axis) => axis);
    const sliced = e.op('Slice', [arg(node, e), e.ints(begin), e.ints(ends), e.ints(axes), e.ints(strides)]);
    return e.reshape(sliced, outShape(node));
  },
  Tile: (node, e) => e.op('Tile', [arg(node, e), e.ints(numbers(node.attrs, 'reps'))]),
  BroadcastTo: (node, e) => e.op('Expand', [arg(node, e), e.ints(outShape(node))]),
  PadV2: (node, e) =>
    e.op('Pad', [arg(node, e), e.ints(pads(node)), e.scalar(padValue(node), at(node.inputs, 0).dtype)]),
  MirrorPad(node, e) {
    if (node.attrs['mode'] !== 'reflect') {
      throw new RangeError(
        `jit: expected tf.mirrorPad in mode reflect, got ${node.attrs['mode']}. Use tf.concat with tf.reverse.`,
      );
    }
    return e.op('Pad', [arg(node, e), e.ints(pads(node))], { mode: 'reflect' });
  },
  Reverse(node, e) {
    const axes = numbers(node.attrs, 'dims');
    if (axes.length === 0) return e.op('Identity', [arg(node, e)]);
    const all = (n: number): string => e.ints(axes.map(() => n));
    return e.op('Slice', [arg(node, e), all(-1), all(BEFORE_START), e.ints(axes), all(-1)]);
  },
  Fill: (node, e) => {
    const { dtype, shape } = at(node.outputs, 0);
    return e.op('Expand', [e.scalar(Number(node.attrs['value']), dtype), e.ints(shape)]);
  },
  Range(node, e) {
    const { dtype, shape } = at(node.outputs, 0);
    return e.tensor(rangeValues(node.attrs), shape, dtype);
  },
  GatherV2(node, e) {
    const axis = number(node.attrs, 'axis');
    const indices = at(node.inputs, 1);
    const given = e.name(indices);
    const gather = (name: string): string => e.op('Gather', [arg(node, e), name], { axis });
    if (e.constant(indices) !== undefined) return gather(given);
    // Runtimes count negative ones from the end: these are moved beyond the beginning, where they are refused. In 64 bits,
    // which the lowest number does not leave.
    const extent = at(at(node.inputs, 0).shape, axis);
    const wide = cast(given, 'int64', e);
    const negative = e.op('Less', [wide, e.int(0)]);
    return gather(e.op('Where', [negative, e.op('Sub', [wide, e.int(extent)]), wide]));
  },
  OneHot(node, e) {
    const { dtype } = at(node.outputs, 0);
    const depth = number(node.attrs, 'depth');
    const classes = e.tensor(
      Int32Array.from({ length: depth }, (_, i) => i),
      [depth],
      'int32',
    );
    const hit = e.op('Equal', [e.reshape(arg(node, e), [...at(node.inputs, 0).shape, 1]), classes]);
    const on = numberOr(node.attrs, 'onValue', 1);
    const off = numberOr(node.attrs, 'offValue', 0);
    const rank = at(node.outputs, 0).shape.length;
    // ONNX Runtime chooses between numbers only.
    if (dtype === 'bool') return cast(e.op('Where', [hit, e.scalar(on, 'int32'), e.scalar(off, 'int32')]), 'bool', e);
    return e.op('Where', [hit, e.scalar(on, dtype, rank), e.scalar(off, dtype, rank)]);
  },
};
