import { at, computedIn, type DType, type Node, number, text } from '@edm2/tfjs-jit/graph';
import { backend_util } from '@tensorflow/tfjs-core';
import type { Emitter, Lowering, Lowerings, Ref } from './emitter.js';
import { HLO_TYPE, type HloType, isFloat } from './hlo-type.js';

/** Kernels that are one op of StableHLO or CHLO on the types that they are computed in. */
const SAME: Readonly<Record<string, string>> = {
  Abs: 'abs',
  Neg: 'negate',
  Sign: 'sign',
  Add: 'add',
  Sub: 'subtract',
  Multiply: 'multiply',
  RealDiv: 'divide',
  Maximum: 'maximum',
  Minimum: 'minimum',
  Pow: 'power',
  Sqrt: 'sqrt',
  Rsqrt: 'rsqrt',
  Exp: 'exponential',
  Expm1: 'exponential_minus_one',
  Log: 'log',
  Log1p: 'log_plus_one',
  Sin: 'sine',
  Cos: 'cosine',
  Tan: 'tan',
  Tanh: 'tanh',
  Asin: 'chlo.asin',
  Acos: 'chlo.acos',
  Asinh: 'chlo.asinh',
  Acosh: 'chlo.acosh',
  Atanh: 'chlo.atanh',
  Erf: 'chlo.erf',
  Sigmoid: 'logistic',
  Floor: 'floor',
  Ceil: 'ceil',
  Round: 'round_nearest_even',
  LogicalAnd: 'and',
  LogicalOr: 'or',
  LogicalXor: 'xor',
  LogicalNot: 'not',
};

const COMPARISONS = {
  Equal: 'EQ',
  NotEqual: 'NE',
  Less: 'LT',
  LessEqual: 'LE',
  Greater: 'GT',
  GreaterEqual: 'GE',
} as const;

type Form = (operands: readonly Ref[], node: Node, e: Emitter) => Ref;
type Unary = (x: Ref, e: Emitter, node: Node) => Ref;
type Binary = (a: Ref, b: Ref, e: Emitter) => Ref;

const unary =
  (form: Unary): Form =>
  (operands, node, e) =>
    form(at(operands, 0), e, node);
const binary =
  (form: Binary): Form =>
  (operands, _, e) =>
    form(at(operands, 0), at(operands, 1), e);

const above0 = (x: Ref, e: Emitter): Ref => e.compare('GT', x, e.like(x, 0));
const times = (x: Ref, factor: number, e: Emitter): Ref => e.op('multiply', [x, e.like(x, factor)]);
const exp = (x: Ref, e: Emitter): Ref => e.op('exponential', [x]);
const expm1 = (x: Ref, e: Emitter): Ref => e.op('exponential_minus_one', [x]);
const log1p = (x: Ref, e: Emitter): Ref => e.op('log_plus_one', [x]);
const floorQuotient = (a: Ref, b: Ref, e: Emitter): Ref => e.op('floor', [e.op('divide', [a, b])]);

/** Half of e^|x| and of its reciprocal, each in two factors: their exponents are twice what float32 has room for. */
function halves(x: Ref, e: Emitter): { readonly grown: Ref; readonly shrunk: Ref } {
  const root = exp(times(e.op('abs', [x]), 0.5, e), e);
  return {
    grown: e.op('multiply', [times(root, 0.5, e), root]),
    shrunk: e.op('divide', [e.op('divide', [e.like(root, 0.5), root]), root]),
  };
}

const UNARY: Readonly<Record<string, Unary>> = {
  Square: (x, e) => e.op('multiply', [x, x]),
  Reciprocal: (x, e) => e.op('divide', [e.like(x, 1), x]),
  Softplus(x, e) {
    const away = exp(e.op('negate', [e.op('abs', [x])]), e);
    return e.op('add', [e.op('maximum', [x, e.like(x, 0)]), log1p(away, e)]);
  },
  Cosh(x, e) {
    const { grown, shrunk } = halves(x, e);
    return e.op('add', [grown, shrunk]);
  },
  Sinh(x, e) {
    const { grown, shrunk } = halves(x, e);
    const size = e.op('abs', [x]);
    const away = e.op('subtract', [grown, shrunk]);
    // Near 0 the two are the same number.
    const less = expm1(size, e);
    const near = times(e.op('add', [less, e.op('divide', [less, e.op('add', [less, e.like(less, 1)])])]), 0.5, e);
    const made = e.select(e.compare('LT', size, e.like(size, 1)), near, away);
    return e.select(e.compare('LT', x, e.like(x, 0)), e.op('negate', [made]), made);
  },
  // Of the reciprocal where x is large: XLA's own squares x.
  Atan(x, e) {
    const size = e.op('abs', [x]);
    const isLarge = e.compare('GT', size, e.like(size, 1));
    const angle = e.op('chlo.atan', [e.select(isLarge, e.op('divide', [e.like(size, 1), size]), size)]);
    const made = e.select(isLarge, e.op('subtract', [e.like(angle, Math.PI / 2), angle]), angle);
    return e.select(e.compare('LT', x, e.like(x, 0)), e.op('negate', [made]), made);
  },
  Relu: (x, e) => e.op('maximum', [x, e.like(x, 0)]),
  Relu6: (x, e) => e.op('minimum', [e.op('maximum', [x, e.like(x, 0)]), e.like(x, 6)]),
  LeakyRelu: (x, e, node) => e.select(e.compare('LT', x, e.like(x, 0)), times(x, number(node.attrs, 'alpha'), e), x),
  Elu: (x, e) => e.select(above0(x, e), x, expm1(x, e)),
  Selu(x, e) {
    const { SELU_SCALE, SELU_SCALEALPHA } = backend_util;
    return e.select(above0(x, e), times(x, SELU_SCALE, e), times(expm1(x, e), SELU_SCALEALPHA, e));
  },
  Step(x, e, node) {
    const alpha = typeof node.attrs['alpha'] === 'number' ? node.attrs['alpha'] : 0;
    const steps = e.select(above0(x, e), e.like(x, 1), e.like(x, alpha));
    return isFloat(x.type) ? e.select(e.compare('NE', x, x), x, steps) : steps;
  },
  ClipByValue(x, e, node) {
    const [low, high] = ['clipValueMin', 'clipValueMax'].map((name) => e.like(x, number(node.attrs, name)));
    return e.op('clamp', [low as Ref, x, high as Ref], { shape: x.shape });
  },
  IsNan: (x, e) => e.compare('NE', x, x),
  IsInf: (x, e) => e.compare('EQ', e.op('abs', [x]), e.like(x, Number.POSITIVE_INFINITY)),
  IsFinite: (x, e) => e.op('is_finite', [x], { type: 'i1' }),
};

const BINARY: Readonly<Record<string, Binary>> = {
  SquaredDifference(a, b, e) {
    const difference = e.op('subtract', [a, b]);
    return e.op('multiply', [difference, difference]);
  },
  FloorDiv: floorQuotient,
  // The sign of the divisor.
  Mod(a, b, e) {
    const rest = e.op('remainder', [a, b]);
    const sameSign = e.compare('EQ', e.compare('LT', a, e.like(a, 0)), e.compare('LT', b, e.like(b, 0)));
    return e.select(sameSign, rest, e.op('remainder', [e.op('add', [rest, b]), b]));
  },
  Prelu: (x, alpha, e) => e.select(e.compare('LT', x, e.like(x, 0)), e.op('multiply', [x, alpha]), x),
  EluGrad: (dy, y, e) =>
    e.select(e.compare('GE', y, e.like(y, 0)), dy, e.op('multiply', [dy, e.op('add', [y, e.like(y, 1)])])),
};

const mapped = <From, To>(table: Readonly<Record<string, From>>, to: (from: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(table).map(([kernel, from]) => [kernel, to(from)]));

const FORMS: Readonly<Record<string, Form>> = {
  ...mapped(
    SAME,
    (op): Form =>
      (operands, _, e) =>
        e.op(op, operands),
  ),
  ...mapped(COMPARISONS, (direction) => binary((a, b, e) => e.compare(direction, a, b))),
  ...mapped(UNARY, unary),
  ...mapped(BINARY, binary),
  AddN: ([first, ...others], _, e) => others.reduce((sum, x) => e.op('add', [sum, x]), first as Ref),
};

/**
 * A cast as JavaScript's arrays make it: what is not finite is 0, and of what is too large the last 32 bits count, where
 * XLA takes the nearest number that there is.
 */
export function toType(x: Ref, to: HloType, e: Emitter): Ref {
  if (to !== 'i32' || !isFloat(x.type)) return e.convert(x, to);
  const wide = e.convert(x, 'f64');
  const rest = e.op('remainder', [wide, e.like(wide, 2 ** 32)]);
  // Of what is not finite nothing is left that is a number.
  const whole = e.select(e.compare('EQ', rest, rest), rest, e.like(rest, 0));
  return e.convert(e.convert(whole, 'i64'), 'i32');
}

/** What the low byte of a number says, which is how arrays of bool hold it. */
function lowByte(x: Ref, e: Emitter): Ref {
  const whole = toType(x, 'i32', e);
  return e.compare('NE', e.op('and', [whole, e.like(whole, 255)]), e.like(whole, 0));
}

/** Casts operands to what a kernel is computed in, makes them of one shape, and casts the result to what the kernel gives. */
const converted =
  (kernel: string, form: Form): Lowering =>
  (node, e) => {
    const dtypes = node.inputs.map(({ dtype }) => dtype);
    const computed = computedIn(kernel, dtypes);
    const type: HloType = computed === 'float64' ? 'f64' : e.type(computed);
    const { shape, dtype } = at(node.outputs, 0);
    const operands = node.inputs.map((input) => e.broadcast(toType(e.ref(input), type, e), shape));
    const made = form(operands, node, e);
    if (dtype === 'bool' && made.type !== 'i1') return lowByte(made, e);
    return toType(made, e.type(dtype), e);
  };

const constantLike =
  (value: number): Lowering =>
  (node, e) => {
    const { shape, dtype } = at(node.outputs, 0);
    return e.fill(value, shape, HLO_TYPE[dtype]);
  };

/** Kernels that see to types themselves. */
const OWN_TYPES: Lowerings = {
  ZerosLike: constantLike(0),
  OnesLike: constantLike(1),
  Cast(node, e) {
    const x = e.ref(at(node.inputs, 0));
    const to = e.type(text(node.attrs, 'dtype') as DType);
    return to === 'i1' && x.type !== 'i1' ? e.compare('NE', x, e.like(x, 0)) : toType(x, to, e);
  },
  Select(node, e) {
    const [condition, t, otherwise] = node.inputs.map((input) => e.ref(input)) as [Ref, Ref, Ref];
    const { shape } = at(node.outputs, 0);
    // A condition of one axis chooses whole rows.
    const rows = condition.shape.length === 1 && shape.length > 1;
    const mask = rows ? e.reshape(condition, [at(shape, 0), ...shape.slice(1).map(() => 1)]) : condition;
    return e.select(e.broadcast(mask, shape), e.broadcast(t, shape), e.broadcast(otherwise, shape));
  },
  BitwiseAnd: (node, e) => e.op('and', [e.ref(at(node.inputs, 0)), e.ref(at(node.inputs, 1))]),
};

/** Kernels that compute element by element. */
export const elementwise: Lowerings = {
  ...Object.fromEntries(Object.entries(FORMS).map(([kernel, form]) => [kernel, converted(kernel, form)])),
  ...OWN_TYPES,
};
