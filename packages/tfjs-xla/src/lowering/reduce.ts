import { at, type Node, number, numbers } from '@edm2/tfjs-jit/graph';
import { toType } from './elementwise.js';
import { combine, countOf, type Emitter, type Lowering, type Lowerings, longs, type Ref } from './emitter.js';
import { HLO_TYPE, type HloType, isFloat, tensorType } from './hlo-type.js';
import { padWith, slice } from './shape.js';

type Fold = 'add' | 'multiply' | 'maximum' | 'minimum' | 'and' | 'or';

/** What a reduction begins with. */
export function start(fold: Fold, type: HloType): number {
  if (fold === 'maximum') return isFloat(type) ? Number.NEGATIVE_INFINITY : -(2 ** 31);
  if (fold === 'minimum') return isFloat(type) ? Number.POSITIVE_INFINITY : 2 ** 31 - 1;
  return fold === 'multiply' || fold === 'and' ? 1 : 0;
}

/** Reduces axes; they are gone from the result. */
export function reduce(fold: Fold, x: Ref, axes: readonly number[], e: Emitter): Ref {
  if (axes.length === 0) return x;
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  const init = e.scalar(start(fold, x.type), x.type);
  return e.op('reduce', [x, init], { shape }, `dimensions = ${longs(axes)}`, combine(fold, x.type));
}

/** A number for every element: sums of bool count. */
const numeric = (node: Node, e: Emitter): Ref => {
  const x = e.ref(at(node.inputs, 0));
  return x.type === 'i1' ? e.convert(x, 'i32') : x;
};

const shaped = (x: Ref, node: Node, e: Emitter): Ref => e.reshape(x, at(node.outputs, 0).shape);

const reducing =
  (fold: Fold): Lowering =>
  (node, e) => {
    const made = reduce(fold, numeric(node, e), numbers(node.attrs, 'axis'), e);
    const { dtype } = at(node.outputs, 0);
    const typed = dtype === 'bool' ? e.compare('NE', made, e.like(made, 0)) : toType(made, HLO_TYPE[dtype], e);
    return shaped(typed, node, e);
  };

const logical =
  (fold: 'and' | 'or'): Lowering =>
  (node, e) =>
    shaped(reduce(fold, e.ref(at(node.inputs, 0)), numbers(node.attrs, 'axis'), e), node, e);

/** The first place of the largest or smallest element along an axis; what is no number is neither. */
const argument =
  (direction: 'GT' | 'LT'): Lowering =>
  (node, e) => {
    const x = numeric(node, e);
    const axis = number(node.attrs, 'axis');
    const { shape } = at(node.outputs, 0);
    const [value, place] = [tensorType([], x.type), tensorType([], 'i32')];
    const kind = isFloat(x.type) ? 'FLOAT' : 'SIGNED';
    const region = `{ ^bb0(%a: ${value}, %i: ${place}, %b: ${value}, %j: ${place}):
      %better = stablehlo.compare ${direction}, %a, %b, ${kind} : (${value}, ${value}) -> tensor<i1>
      %same = stablehlo.compare EQ, %a, %b, ${kind} : (${value}, ${value}) -> tensor<i1>
      %before = stablehlo.compare LT, %i, %j, SIGNED : (${place}, ${place}) -> tensor<i1>
      %number = stablehlo.compare EQ, %b, %b, ${kind} : (${value}, ${value}) -> tensor<i1>
      %none = stablehlo.not %number : tensor<i1>
      %first = stablehlo.and %same, %before : tensor<i1>
      %or = stablehlo.or %better, %first : tensor<i1>
      %take = stablehlo.or %or, %none : tensor<i1>
      %v = stablehlo.select %take, %a, %b : tensor<i1>, ${value}
      %p = stablehlo.select %take, %i, %j : tensor<i1>, ${place}
      stablehlo.return %v, %p : ${value}, ${place} }`;
    const places = e.op('iota', [], { shape: x.shape, type: 'i32' }, `iota_dimension = ${axis} : i64`);
    const extent = at(x.shape, axis);
    const inits = [
      e.scalar(start(direction === 'GT' ? 'maximum' : 'minimum', x.type), x.type),
      e.scalar(extent, 'i32'),
    ];
    const results = [
      { shape, type: x.type },
      { shape, type: 'i32' as const },
    ];
    const [, found] = e.ops('reduce', [x, places, ...inits], results, `dimensions = ${longs([axis])}`, region) as [
      Ref,
      Ref,
    ];
    // Nothing but what is no number: the first, as elsewhere.
    return e.select(e.compare('LT', found, e.like(found, extent)), found, e.like(found, 0));
  };

/** x less its maximum along the last axis, and the exponentials' sum, both with that axis. */
function centred(node: Node, e: Emitter): { x: Ref; exponentials: Ref; sum: Ref } {
  const given = e.ref(at(node.inputs, 0));
  const last = given.shape.length - 1;
  const kept = given.shape.map((n, axis) => (axis === last ? 1 : n));
  const along = (fold: 'maximum' | 'add', x: Ref): Ref =>
    e.broadcast(e.reshape(reduce(fold, x, [last], e), kept), given.shape);
  const x = e.op('subtract', [given, along('maximum', given)]);
  const exponentials = e.op('exponential', [x]);
  return { x, exponentials, sum: along('add', exponentials) };
}

/** Sums of the first elements of an axis, in as many steps as the logarithm of its length. */
function cumulative(x: Ref, axis: number, e: Emitter): Ref {
  const extent = at(x.shape, axis);
  let sums = x;
  for (let step = 1; step < extent; step *= 2) {
    const low = x.shape.map((_, i) => (i === axis ? step : 0));
    const high = x.shape.map((_, i) => (i === axis ? -step : 0));
    sums = e.op('add', [sums, padWith(sums, low, high, 0, e)]);
  }
  return sums;
}

/** Kernels along whole axes. */
export const reductions: Lowerings = {
  Sum: reducing('add'),
  Mean(node, e) {
    const x = toType(e.ref(at(node.inputs, 0)), 'f32', e);
    const axes = numbers(node.attrs, 'axis');
    const sum = reduce('add', x, axes, e);
    return shaped(e.op('divide', [sum, e.like(sum, countOf(x.shape, axes))]), node, e);
  },
  Max: reducing('maximum'),
  Min: reducing('minimum'),
  Prod: reducing('multiply'),
  All: logical('and'),
  Any: logical('or'),
  ArgMax: argument('GT'),
  ArgMin: argument('LT'),
  Softmax(node, e) {
    const { exponentials, sum } = centred(node, e);
    return e.op('divide', [exponentials, sum]);
  },
  LogSoftmax(node, e) {
    const { x, sum } = centred(node, e);
    return e.op('subtract', [x, e.op('log', [sum])]);
  },
  Cumsum(node, e) {
    const axis = number(node.attrs, 'axis');
    const turned = (x: Ref): Ref =>
      node.attrs['reverse'] === true ? e.op('reverse', [x], {}, `dimensions = ${longs([axis])}`) : x;
    const x = turned(numeric(node, e));
    const extent = at(x.shape, axis);
    if (node.attrs['exclusive'] !== true || extent === 0) return turned(cumulative(x, axis, e));
    const low = x.shape.map((_, i) => (i === axis ? 1 : 0));
    const none = x.shape.map(() => 0);
    const later = padWith(x, low, none, 0, e);
    return turned(cumulative(slice(later, none, x.shape, e), axis, e));
  },
};
