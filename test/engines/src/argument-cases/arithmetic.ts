import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { type ArgumentCase, axisOf, calls, dtypes, extent, floats, int, shapeOf, typed } from './argument-case.js';

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const BINARY: Readonly<Record<string, Binary>> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  divNoNan: tf.divNoNan,
  maximum: tf.maximum,
  minimum: tf.minimum,
  pow: tf.pow,
  squaredDifference: tf.squaredDifference,
  floorDiv: tf.floorDiv,
  mod: tf.mod,
  prelu: tf.prelu,
  atan2: tf.atan2,
  equal: tf.equal,
  notEqual: tf.notEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  logicalAnd: tf.logicalAnd,
  logicalOr: tf.logicalOr,
  logicalXor: tf.logicalXor,
  bitwiseAnd: tf.bitwiseAnd,
};

type Unary = (x: tf.Tensor) => tf.Tensor;

const UNARY: Readonly<Record<string, Unary>> = {
  abs: tf.abs,
  neg: tf.neg,
  sqrt: tf.sqrt,
  rsqrt: tf.rsqrt,
  square: tf.square,
  exp: tf.exp,
  expm1: tf.expm1,
  log: tf.log,
  log1p: tf.log1p,
  sin: tf.sin,
  cos: tf.cos,
  tan: tf.tan,
  sinh: tf.sinh,
  cosh: tf.cosh,
  tanh: tf.tanh,
  asin: tf.asin,
  acos: tf.acos,
  atan: tf.atan,
  asinh: tf.asinh,
  acosh: tf.acosh,
  atanh: tf.atanh,
  erf: tf.erf,
  sigmoid: tf.sigmoid,
  softplus: tf.softplus,
  relu: tf.relu,
  relu6: tf.relu6,
  leakyRelu: tf.leakyRelu,
  elu: tf.elu,
  selu: tf.selu,
  sign: tf.sign,
  floor: tf.floor,
  ceil: tf.ceil,
  round: tf.round,
  reciprocal: tf.reciprocal,
  step: tf.step,
  zerosLike: tf.zerosLike,
  onesLike: tf.onesLike,
  isNaN: tf.isNaN,
  isInf: tf.isInf,
  isFinite: tf.isFinite,
  logicalNot: tf.logicalNot,
  logSigmoid: tf.logSigmoid,
};

/** Shapes that often broadcast. */
const pairs = shapeOf(0, 4).chain((a) =>
  fc.oneof(
    { arbitrary: fc.tuple(...a.map((n) => fc.constantFrom(n, 1))).map((b) => ({ a, b: b as number[] })), weight: 4 },
    { arbitrary: int(0, a.length).map((cut) => ({ a, b: a.slice(cut) })), weight: 2 },
    { arbitrary: shapeOf(0, 4).map((b) => ({ a, b })), weight: 2 },
  ),
);

const reductions = {
  sum: tf.sum,
  mean: tf.mean,
  max: tf.max,
  min: tf.min,
  prod: tf.prod,
  all: tf.all,
  any: tf.any,
  logSumExp: tf.logSumExp,
} as const;

/** Ops that compute. */
export const arithmetic: readonly ArgumentCase[] = [
  {
    name: 'binary ops',
    tolerance: 5e-6,
    calls: calls(
      fc.record({
        op: fc.constantFrom(...Object.keys(BINARY)),
        pair: pairs,
        types: fc.oneof(
          { arbitrary: dtypes.map((t) => [t, t] as const), weight: 3 },
          { arbitrary: fc.tuple(dtypes, dtypes), weight: 1 },
        ),
      }),
      ({ pair, types }) => [typed(pair.a, types[0]), typed(pair.b, types[1])],
      ({ op }, a, b) => (BINARY[op] as Binary)(a as tf.Tensor, b as tf.Tensor),
    ),
  },
  {
    name: 'unary ops',
    calls: calls(
      fc.record({ op: fc.constantFrom(...Object.keys(UNARY)), shape: shapeOf(0, 5), dtype: dtypes }),
      ({ shape, dtype }) => [typed(shape, dtype)],
      ({ op }, x) => (UNARY[op] as Unary)(x as tf.Tensor),
    ),
  },
  {
    name: 'clipByValue',
    calls: calls(
      fc.record({ shape: shapeOf(0, 3), low: int(-2, 2), high: int(-2, 2), dtype: dtypes }),
      ({ shape, dtype }) => [typed(shape, dtype)],
      ({ low, high }, x) => tf.clipByValue(x as tf.Tensor, low, high),
    ),
  },
  {
    name: 'addN',
    calls: calls(
      shapeOf(0, 3).chain((shape) =>
        fc.record({
          shapes: fc.array(
            fc.oneof({ arbitrary: fc.constant(shape), weight: 5 }, { arbitrary: shapeOf(0, 3), weight: 1 }),
            { minLength: 1, maxLength: 3 },
          ),
          dtype: dtypes,
          other: dtypes,
        }),
      ),
      ({ shapes, dtype, other }) => shapes.map((shape, i) => typed(shape, i === 2 ? other : dtype)),
      (_, ...xs) => tf.addN(xs),
    ),
  },
  {
    name: 'where',
    calls: calls(
      fc.record({
        condition: shapeOf(0, 3),
        pair: pairs,
        same: fc.boolean(),
        kind: fc.oneof({ arbitrary: fc.constant('bool' as const), weight: 6 }, { arbitrary: dtypes, weight: 1 }),
        types: fc.tuple(dtypes, dtypes),
        equal: fc.boolean(),
      }),
      ({ condition, pair, same, kind, types, equal }) => [
        typed(same ? pair.a : condition, kind),
        typed(pair.a, types[0]),
        typed(pair.b, equal ? types[0] : types[1]),
      ],
      (_, c, a, b) => tf.where(c as tf.Tensor, a as tf.Tensor, b as tf.Tensor),
    ),
  },
  {
    name: 'matMul',
    stricter: /expected factors of two axes/,
    calls: calls(
      fc.record({
        batch: fc.tuple(shapeOf(0, 2), fc.boolean()),
        m: extent,
        k: extent,
        n: extent,
        other: fc.oneof({ arbitrary: fc.constant(undefined), weight: 6 }, { arbitrary: extent, weight: 1 }),
        ta: fc.boolean(),
        tb: fc.boolean(),
        ranks: fc.oneof({ arbitrary: fc.constant(0), weight: 8 }, { arbitrary: int(1, 2), weight: 1 }),
      }),
      ({ batch: [lead, one], m, k, n, other, ta, tb, ranks }) => {
        const inner = other ?? k;
        const a = [...lead, ...(ta ? [k, m] : [m, k])];
        const b = [...(one ? lead.map(() => 1) : lead), ...(tb ? [n, inner] : [inner, n])];
        return [floats(a.slice(ranks)), floats(ranks === 2 ? b.slice(1) : b)];
      },
      ({ ta, tb }, a, b) => tf.matMul(a as tf.Tensor, b as tf.Tensor, ta, tb),
    ),
  },
  {
    name: 'dot, outerProduct',
    calls: calls(
      fc.record({ a: shapeOf(0, 3), b: shapeOf(0, 3), outer: fc.boolean(), fit: fc.boolean() }),
      ({ a, b, fit }) => [
        floats(a),
        floats(fit && a.length > 0 && b.length > 0 ? [a[a.length - 1] ?? 1, ...b.slice(1)] : b),
      ],
      ({ outer }, a, b) =>
        outer ? tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D) : tf.dot(a as tf.Tensor, b as tf.Tensor),
    ),
  },
  {
    name: 'einsum',
    stricter: /inner shapes/,
    calls: calls(
      fc.record({
        equation: fc.constantFrom(
          'ab,bc->ac',
          'ab,bc->ca',
          'abc,bd->acd',
          'ab,ab->',
          'abc,abc->b',
          'a,b->ab',
          'ab->ba',
          'abc->cab',
          'ab,cd->abcd',
          'abb->ab',
          'ab,bc',
          'ab,bc->ad',
          'a,b,c->abc',
          'ab->aab',
        ),
        extents: fc.array(extent, { minLength: 4, maxLength: 4 }),
        wrong: fc.oneof({ arbitrary: fc.constant(0), weight: 6 }, { arbitrary: int(0, 1), weight: 1 }),
        ranks: fc.oneof({ arbitrary: fc.constant(0), weight: 6 }, { arbitrary: int(0, 1), weight: 1 }),
      }),
      ({ equation, extents, wrong, ranks }) =>
        (equation.split('->')[0] ?? '')
          .split(',')
          .map((term, i) =>
            floats(
              [...term]
                .map((l) => (extents['abcd'.indexOf(l)] ?? 1) + (i === 1 ? wrong : 0))
                .slice(i === 0 ? ranks : 0),
            ),
          ),
      ({ equation }, ...xs) => tf.einsum(equation, ...xs),
    ),
  },
  {
    name: 'reductions',
    calls: calls(
      shapeOf(0, 4).chain((shape) =>
        fc.record({
          shape: fc.constant(shape),
          op: fc.constantFrom(...(Object.keys(reductions) as (keyof typeof reductions)[])),
          axis: fc.oneof(
            axisOf(shape.length),
            fc.array(axisOf(shape.length), { maxLength: 3 }),
            fc.constant(undefined),
          ),
          keep: fc.boolean(),
          dtype: dtypes,
        }),
      ),
      ({ shape, dtype }) => [typed(shape, dtype)],
      ({ op, axis, keep }, x) => (reductions[op] as typeof tf.sum)(x as tf.Tensor, axis, keep) as tf.Tensor,
    ),
  },
  {
    name: 'argMax, argMin, cumsum, cumprod',
    calls: calls(
      shapeOf(0, 4).chain((shape) =>
        fc.record({
          shape: fc.constant(shape),
          op: int(0, 3),
          axis: int(0, shape.length),
          exclusive: fc.boolean(),
          reverse: fc.boolean(),
          dtype: dtypes,
        }),
      ),
      ({ shape, dtype }) => [typed(shape, dtype)],
      ({ op, axis, exclusive, reverse }, x) => {
        const t = x as tf.Tensor;
        return op === 0
          ? tf.argMax(t, axis)
          : op === 1
            ? tf.argMin(t, axis)
            : op === 2
              ? tf.cumsum(t, axis, exclusive, reverse)
              : tf.cumprod(t, axis, exclusive, reverse);
      },
    ),
  },
  {
    name: 'softmax, logSoftmax',
    calls: calls(
      shapeOf(0, 4).chain((shape) =>
        fc.record({
          shape: fc.constant(shape),
          log: fc.boolean(),
          axis: axisOf(shape.length),
          dtype: fc.constantFrom('float32' as const, 'int32' as const),
        }),
      ),
      ({ shape, dtype }) => [typed(shape, dtype)],
      ({ log, axis }, x) => (log ? tf.logSoftmax(x as tf.Tensor, axis) : tf.softmax(x as tf.Tensor, axis)),
    ),
  },
  {
    name: 'fill, range, linspace, cast',
    calls: calls(
      fc.record({
        op: int(0, 3),
        shape: fc.array(int(-1, 3), { maxLength: 3 }),
        start: int(-3, 3),
        stop: int(-3, 3),
        step: fc.constantFrom(-1, 0, 0.5, 1),
        count: int(-1, 4),
        from: dtypes,
        to: dtypes,
        x: shapeOf(0, 2),
      }),
      ({ x, from }) => [typed(x, from)],
      ({ op, shape, start, stop, step, count, to }, x) => {
        const t = x as tf.Tensor;
        if (op === 3) return tf.cast(t, to);
        const made =
          op === 0
            ? tf.fill(shape, start, to as 'float32')
            : op === 1
              ? tf.range(start, stop, step, to === 'bool' ? 'float32' : to)
              : tf.linspace(start, stop, count);
        return [made, tf.clone(t)];
      },
    ),
  },
];
