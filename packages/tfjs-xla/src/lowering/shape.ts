import { at, type Node, number, numberOr, numbers, padValue, pairs, rangeValues } from '@edm2/tfjs-jit/graph';
import { type Emitter, type Lowering, type Lowerings, longs, type Ref } from './emitter.js';
import { HLO_TYPE } from './hlo-type.js';

const arg = (node: Node, e: Emitter, index = 0): Ref => e.ref(at(node.inputs, index));
const args = (node: Node, e: Emitter): Ref[] => node.inputs.map((input) => e.ref(input));
const outShape = (node: Node): readonly number[] => at(node.outputs, 0).shape;
const reshape: Lowering = (node, e) => e.reshape(arg(node, e), outShape(node));

/** Elements from `begin` to before `limit` in steps. */
function strided(
  x: Ref,
  begin: readonly number[],
  limit: readonly number[],
  steps: readonly number[],
  e: Emitter,
): Ref {
  const shape = begin.map((from, axis) => Math.max(0, Math.ceil((at(limit, axis) - from) / at(steps, axis))));
  const whole = shape.every((n, axis) => n === at(x.shape, axis));
  if (whole) return x;
  const attributes = `start_indices = ${longs(begin)}, limit_indices = ${longs(limit)}, strides = ${longs(steps)}`;
  return e.op('slice', [x], { shape }, attributes);
}

/** A contiguous part. */
export const slice = (x: Ref, begin: readonly number[], size: readonly number[], e: Emitter): Ref =>
  strided(
    x,
    begin,
    begin.map((from, axis) => from + at(size, axis)),
    begin.map(() => 1),
    e,
  );

/** Puts a number around a tensor; a negative width takes elements away. */
export function padWith(x: Ref, low: readonly number[], high: readonly number[], value: number, e: Emitter): Ref {
  if ([...low, ...high].every((n) => n === 0)) return x;
  const shape = x.shape.map((n, axis) => n + at(low, axis) + at(high, axis));
  const attributes = `edge_padding_low = ${longs(low)}, edge_padding_high = ${longs(high)}, interior_padding = ${longs(shape.map(() => 0))}`;
  return e.op('pad', [x, e.scalar(value, x.type)], { shape }, attributes);
}

export function reversed(x: Ref, axes: readonly number[], e: Emitter): Ref {
  return axes.length === 0 ? x : e.op('reverse', [x], {}, `dimensions = ${longs(axes)}`);
}

function concat(parts: readonly Ref[], axis: number, e: Emitter): Ref {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const extent = parts.reduce((sum, { shape }) => sum + at(shape, axis), 0);
  const shape = at(parts, 0).shape.map((n, i) => (i === axis ? extent : n));
  return e.op('concatenate', parts, { shape }, `dimension = ${axis} : i64`);
}

/** What a border mirrors, axis by axis. */
function mirrored(x: Ref, widths: readonly (readonly [number, number])[], reflect: boolean, e: Emitter): Ref {
  return widths.reduce((inner, [before, after], axis) => {
    const extent = at(inner.shape, axis);
    const skip = reflect ? 1 : 0;
    const part = (begin: number, size: number): Ref[] =>
      size === 0
        ? []
        : [
            reversed(
              slice(
                inner,
                inner.shape.map((_, i) => (i === axis ? begin : 0)),
                inner.shape.map((n, i) => (i === axis ? size : n)),
                e,
              ),
              [axis],
              e,
            ),
          ];
    return concat([...part(skip, before), inner, ...part(extent - skip - after, after)], axis, e);
  }, x);
}

/** Each axis repeated as a whole. */
function tiled(x: Ref, reps: readonly number[], e: Emitter): Ref {
  if (reps.every((n) => n === 1)) return x;
  const apart = x.shape.flatMap((n, axis) => [at(reps, axis), n]);
  const dimensions = x.shape.map((_, axis) => 2 * axis + 1);
  const spread = e.op('broadcast_in_dim', [x], { shape: apart }, `broadcast_dimensions = ${longs(dimensions)}`);
  return e.reshape(
    spread,
    x.shape.map((n, axis) => n * at(reps, axis)),
  );
}

/** Parts of an axis of given sizes. */
function parts(x: Ref, axis: number, sizes: readonly number[], e: Emitter): Ref[] {
  let begin = 0;
  return sizes.map((size) => {
    const part = slice(
      x,
      x.shape.map((_, i) => (i === axis ? begin : 0)),
      x.shape.map((n, i) => (i === axis ? size : n)),
      e,
    );
    begin += size;
    return part;
  });
}

/** Kernels that move elements. */
export const shapes: Lowerings = {
  Reshape: reshape,
  ExpandDims: reshape,
  Transpose: (node, e) => e.transpose(arg(node, e), numbers(node.attrs, 'perm')),
  Concat: (node, e) => concat(args(node, e), number(node.attrs, 'axis'), e),
  Pack(node, e) {
    const axis = number(node.attrs, 'axis');
    const part = outShape(node).map((n, i) => (i === axis ? 1 : n));
    return concat(
      args(node, e).map((x) => e.reshape(x, part)),
      axis,
      e,
    );
  },
  Unpack(node, e) {
    const x = arg(node, e);
    const axis = number(node.attrs, 'axis');
    const each = parts(
      x,
      axis,
      node.outputs.map(() => 1),
      e,
    );
    return each.map((part) => e.reshape(part, outShape(node)));
  },
  SplitV: (node, e) => parts(arg(node, e), number(node.attrs, 'axis'), numbers(node.attrs, 'numOrSizeSplits'), e),
  Slice: (node, e) => slice(arg(node, e), numbers(node.attrs, 'begin'), numbers(node.attrs, 'size'), e),
  StridedSlice(node, e) {
    const x = arg(node, e);
    const [begin, end, strides] = ['begin', 'end', 'strides'].map((name) => numbers(node.attrs, name)) as [
      number[],
      number[],
      number[],
    ];
    // Backwards is forwards in what was turned round.
    const back = strides.flatMap((step, axis) => (step < 0 ? [axis] : []));
    const from = (axis: number, n: number): number => (back.includes(axis) ? at(x.shape, axis) - 1 - n : n);
    const part = strided(
      reversed(x, back, e),
      begin.map((n, axis) => from(axis, n)),
      end.map((n, axis) => Math.max(from(axis, n), from(axis, at(begin, axis)))),
      strides.map(Math.abs),
      e,
    );
    return e.reshape(part, outShape(node));
  },
  Tile: (node, e) => tiled(arg(node, e), numbers(node.attrs, 'reps'), e),
  BroadcastTo: (node, e) => e.broadcast(arg(node, e), outShape(node)),
  PadV2(node, e) {
    const widths = pairs(node.attrs, 'paddings');
    return padWith(
      arg(node, e),
      widths.map(([before]) => before),
      widths.map(([, after]) => after),
      padValue(node),
      e,
    );
  },
  MirrorPad: (node, e) => mirrored(arg(node, e), pairs(node.attrs, 'paddings'), node.attrs['mode'] === 'reflect', e),
  Reverse: (node, e) => reversed(arg(node, e), numbers(node.attrs, 'dims'), e),
  Fill(node, e) {
    const { dtype, shape } = at(node.outputs, 0);
    return e.fill(Number(node.attrs['value']), shape, HLO_TYPE[dtype]);
  },
  Range(node, e) {
    const { dtype, shape } = at(node.outputs, 0);
    return e.tensor(rangeValues(node.attrs), shape, dtype);
  },
  OneHot(node, e) {
    const { dtype, shape } = at(node.outputs, 0);
    const type = HLO_TYPE[dtype];
    const given = e.convert(arg(node, e), 'i32');
    const last = shape.length - 1;
    const places = e.op('iota', [], { shape, type: 'i32' }, `iota_dimension = ${last} : i64`);
    const dimensions = given.shape.map((_, axis) => axis);
    const wanted = e.op('broadcast_in_dim', [given], { shape }, `broadcast_dimensions = ${longs(dimensions)}`);
    const on = e.fill(numberOr(node.attrs, 'onValue', 1), shape, type);
    const off = e.fill(numberOr(node.attrs, 'offValue', 0), shape, type);
    return e.select(e.compare('EQ', places, wanted), on, off);
  },
};
