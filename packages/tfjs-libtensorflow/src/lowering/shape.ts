import { at, type Node, number, numberOr, numbers, padValue, pairs, rangeValues } from '@edm2/tfjs-jit/graph';
import { select } from './elementwise.js';
import type { Emitter, Lowering, Lowerings, Ref } from './emitter.js';

const arg = (node: Node, e: Emitter, index = 0): Ref => e.ref(at(node.inputs, index));
const args = (node: Node, e: Emitter): Ref[] => node.inputs.map((input) => e.ref(input));
const outShape = (node: Node): readonly number[] => at(node.outputs, 0).shape;
const reshape: Lowering = (node, e) => e.reshape(arg(node, e), outShape(node));

const INT32 = { type: 'int32' } as const;

const paddings = (node: Node, e: Emitter): Ref => {
  const values = pairs(node.attrs, 'paddings');
  return e.tensor(Int32Array.from(values.flat()), [values.length, 2], 'int32');
};

/** A contiguous part. */
export const slice = (x: Ref, begin: readonly number[], size: readonly number[], e: Emitter): Ref =>
  e.op('Slice', [x, e.ints(begin), e.ints(size)], { Index: INT32 });

/** Zeros around an image or filter. */
export const padZeros = (x: Ref, amounts: readonly (readonly [number, number])[], e: Emitter): Ref =>
  e.op('Pad', [x, e.tensor(Int32Array.from(amounts.flat()), [amounts.length, 2], 'int32')], { Tpaddings: INT32 });

/** Every `steps[i]`-th element of each axis, from the first on. */
export function everyNth(x: Ref, shape: readonly number[], steps: readonly number[], e: Emitter): Ref {
  return strided(
    x,
    shape.map(() => 0),
    shape,
    steps,
    0,
    e,
  );
}

/** @param endMask - bit i: the slice of axis i goes to the very end, whichever way it runs. */
function strided(
  x: Ref,
  begin: readonly number[],
  end: readonly number[],
  strides: readonly number[],
  endMask: number,
  e: Emitter,
): Ref {
  const none = { int: 0 };
  return e.op('StridedSlice', [x, e.ints(begin), e.ints(end), e.ints(strides)], {
    Index: INT32,
    begin_mask: none,
    end_mask: { int: endMask },
    ellipsis_mask: none,
    new_axis_mask: none,
    shrink_axis_mask: none,
  });
}

/** Kernels that move elements. */
export const shapes: Lowerings = {
  Reshape: reshape,
  ExpandDims: reshape,
  Transpose: (node, e) => e.op('Transpose', [arg(node, e), e.ints(numbers(node.attrs, 'perm'))], { Tperm: INT32 }),
  Concat(node, e) {
    if (node.inputs.length === 1) return e.op('Identity', [arg(node, e)]);
    const axis = e.scalar(number(node.attrs, 'axis'), 'int32');
    return e.op('ConcatV2', [...args(node, e), axis], { N: { int: node.inputs.length }, Tidx: INT32 });
  },
  Pack: (node, e) =>
    e.op('Pack', args(node, e), { N: { int: node.inputs.length }, axis: { int: number(node.attrs, 'axis') } }),
  Unpack(node, e) {
    const x = arg(node, e);
    const attrs = {
      T: { type: x.dtype },
      num: { int: node.outputs.length },
      axis: { int: number(node.attrs, 'axis') },
    };
    return e.node(
      'Unpack',
      [x],
      attrs,
      node.outputs.map(() => x.dtype),
    );
  },
  SplitV(node, e) {
    const x = arg(node, e);
    const sizes = numbers(node.attrs, 'numOrSizeSplits');
    if (sizes.length === 1) return e.op('Identity', [x]);
    const attrs = { T: { type: x.dtype }, Tlen: INT32, num_split: { int: sizes.length } };
    const axis = e.scalar(number(node.attrs, 'axis'), 'int32');
    return e.node(
      'SplitV',
      [x, e.ints(sizes), axis],
      attrs,
      sizes.map(() => x.dtype),
    );
  },
  Slice: (node, e) => slice(arg(node, e), numbers(node.attrs, 'begin'), numbers(node.attrs, 'size'), e),
  StridedSlice(node, e) {
    const strides = numbers(node.attrs, 'strides');
    const end = numbers(node.attrs, 'end');
    // The end of a slice that runs backwards to the first element is -1, which TensorFlow reads as the last one.
    const openEnded = end.reduce((mask, n, axis) => mask | (n < 0 && at(strides, axis) < 0 ? 1 << axis : 0), 0);
    const part = strided(arg(node, e), numbers(node.attrs, 'begin'), end, strides, openEnded, e);
    return e.reshape(part, outShape(node));
  },
  Tile: (node, e) => e.op('Tile', [arg(node, e), e.ints(numbers(node.attrs, 'reps'))], { Tmultiples: INT32 }),
  BroadcastTo: (node, e) => e.op('BroadcastTo', [arg(node, e), e.ints(outShape(node))], { Tidx: INT32 }),
  PadV2(node, e) {
    const value = e.scalar(padValue(node), at(node.inputs, 0).dtype);
    return e.op('PadV2', [arg(node, e), paddings(node, e), value], { Tpaddings: INT32 });
  },
  MirrorPad(node, e) {
    const mode = { text: node.attrs['mode'] === 'reflect' ? 'REFLECT' : 'SYMMETRIC' };
    return e.op('MirrorPad', [arg(node, e), paddings(node, e)], { Tpaddings: INT32, mode });
  },
  Reverse: (node, e) => e.op('ReverseV2', [arg(node, e), e.ints(numbers(node.attrs, 'dims'))], { Tidx: INT32 }),
  Fill(node, e) {
    const { dtype, shape } = at(node.outputs, 0);
    const value = e.scalar(Number(node.attrs['value']), dtype);
    return e.op('Fill', [e.ints(shape), value], { T: { type: dtype }, index_type: INT32 }, dtype);
  },
  Range(node, e) {
    const { dtype, shape } = at(node.outputs, 0);
    return e.tensor(rangeValues(node.attrs), shape, dtype);
  },
  GatherV2(node, e) {
    const x = arg(node, e);
    const attrs = { Tparams: { type: x.dtype }, Tindices: INT32, Taxis: INT32, batch_dims: { int: 0 } };
    const axis = e.scalar(number(node.attrs, 'axis'), 'int32');
    return at(e.node('GatherV2', [x, e.cast(arg(node, e, 1), 'int32'), axis], attrs, [x.dtype]), 0);
  },
  UnsortedSegmentSum(node, e) {
    const segments = e.scalar(number(node.attrs, 'numSegments'), 'int32');
    const given = arg(node, e, 1);
    // TensorFlow drops what belongs before the first segment and refuses what belongs behind the last.
    const behind = e.op('GreaterEqual', [given, segments], {}, 'bool');
    const ids = select(behind, e.scalar(-1, 'int32'), given, e);
    return e.op('UnsortedSegmentSum', [arg(node, e), ids, segments], { Tindices: INT32, Tnumsegments: INT32 });
  },
  OneHot(node, e) {
    const { dtype } = at(node.outputs, 0);
    const depth = e.scalar(number(node.attrs, 'depth'), 'int32');
    const on = e.scalar(numberOr(node.attrs, 'onValue', 1), dtype);
    const off = e.scalar(numberOr(node.attrs, 'offValue', 0), dtype);
    const attrs = { T: { type: dtype }, TI: INT32, axis: { int: -1 } };
    return at(e.node('OneHot', [e.cast(arg(node, e), 'int32'), depth, on, off], attrs, [dtype]), 0);
  },
};
