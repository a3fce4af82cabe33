import { at, COMPARE, computedIn, type DType, type Node, number, TEST, text, type Value } from '@edm2/tfjs-jit/graph';
import { backend_util } from '@tensorflow/tfjs-core';
import { cast, convert } from './casts.js';
import type { Emitter, Lowering, Lowerings } from './emitter.js';
import type { OnnxType } from './model.js';

/** Unary and binary kernels that are one ONNX operator of another or the same name. */
const SAME: Readonly<Record<string, string>> = {
  Abs: 'Abs',
  Neg: 'Neg',
  Sqrt: 'Sqrt',
  Exp: 'Exp',
  Log: 'Log',
  Sin: 'Sin',
  Cos: 'Cos',
  Tan: 'Tan',
  Sinh: 'Sinh',
  Cosh: 'Cosh',
  Asin: 'Asin',
  Acos: 'Acos',
  Atan: 'Atan',
  Asinh: 'Asinh',
  Acosh: 'Acosh',
  Atanh: 'Atanh',
  Erf: 'Erf',
  Softplus: 'Softplus',
  Relu: 'Relu',
  Sign: 'Sign',
  Floor: 'Floor',
  Ceil: 'Ceil',
  Round: 'Round',
  Reciprocal: 'Reciprocal',
  IsNan: 'IsNaN',
  IsInf: 'IsInf',
  LogicalNot: 'Not',
  Add: 'Add',
  Sub: 'Sub',
  Multiply: 'Mul',
  RealDiv: 'Div',
  Maximum: 'Max',
  Minimum: 'Min',
  Pow: 'Pow',
  Equal: 'Equal',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
  LogicalXor: 'Xor',
};

const arg = (node: Node, e: Emitter, index = 0): string => e.name(at(node.inputs, index));
const typeOf = (node: Node): 'float32' | 'int32' | 'bool' => at(node.inputs, 0).dtype;

const same =
  (type: string): Lowering =>
  (node, e) =>
    e.op(
      type,
      node.inputs.map((input) => e.name(input)),
    );

/** One number beside the operands of a node. */
const oneNumber = (value: number, node: Node, e: Emitter, type: OnnxType = 'float32'): string =>
  e.scalar(value, type, at(node.outputs, 0).shape.length);

const floorQuotient = (a: string, b: string, e: Emitter): string => e.op('Floor', [e.op('Div', [a, b])]);

/** Below it, the third term of a series is under 1e-8 of the first. */
const SMALL = 1e-4;

/** Largest finite float32. */
const MAX_FLOAT32 = 3.4028234663852886e38;

/** Where x is all that counts of an odd function of slope 1: the runtime's kernels lose digits there. */
const isSmall = (x: string, node: Node, e: Emitter): string =>
  e.op('Less', [e.op('Abs', [x]), oneNumber(SMALL, node, e)]);

/** e^x − 1 as tanh(x/2)·(e^x + 1), which subtracts nothing; x + x²/2 where that is all. */
function expm1(x: string, node: Node, e: Emitter): string {
  const half = e.op('Mul', [x, oneNumber(0.5, node, e)]);
  const whole = e.op('Mul', [e.op('Tanh', [half]), e.op('Add', [e.op('Exp', [x]), oneNumber(1, node, e)])]);
  return e.op('Where', [isSmall(x, node, e), e.op('Add', [x, e.op('Mul', [x, half])]), whole]);
}

const constantLike =
  (value: number): Lowering =>
  (node, e) =>
    e.op('Expand', [e.scalar(value, typeOf(node)), e.ints(at(node.outputs, 0).shape)]);

const FORMS: Lowerings = {
  Square: (node, e) => e.op('Mul', [arg(node, e), arg(node, e)]),
  Rsqrt: (node, e) => e.op('Reciprocal', [e.op('Sqrt', [arg(node, e)])]),
  // e^min(x, 0) / (1 + e^−|x|): the runtime's own kernel is 0 below −18 and off by 1e-4 at −9.
  Sigmoid(node, e) {
    const x = arg(node, e);
    if (node.attrs['approximate'] === true) return e.op('Sigmoid', [x]);
    const below = e.op('Exp', [e.op('Min', [x, oneNumber(0, node, e)])]);
    const away = e.op('Exp', [e.op('Neg', [e.op('Abs', [x])])]);
    return e.op('Div', [below, e.op('Add', [away, oneNumber(1, node, e)])]);
  },
  Tanh(node, e) {
    const x = arg(node, e);
    return e.op('Where', [isSmall(x, node, e), x, e.op('Tanh', [x])]);
  },
  Expm1: (node, e) => expm1(arg(node, e), node, e),
  Elu(node, e) {
    const x = arg(node, e);
    return e.op('Where', [e.op('Greater', [x, oneNumber(0, node, e)]), x, expm1(x, node, e)]);
  },
  Selu(node, e) {
    const x = arg(node, e);
    const { SELU_SCALE, SELU_SCALEALPHA } = backend_util;
    const above = e.op('Mul', [x, oneNumber(SELU_SCALE, node, e)]);
    const below = e.op('Mul', [expm1(x, node, e), oneNumber(SELU_SCALEALPHA, node, e)]);
    return e.op('Where', [e.op('Greater', [x, oneNumber(0, node, e)]), above, below]);
  },
  // log(u)·x/(u − 1) with u = 1 + x rounded: what rounding took from u comes back with the quotient.
  Log1p(node, e) {
    const x = arg(node, e);
    const one = oneNumber(1, node, e);
    const u = e.op('Add', [x, one]);
    // Not x itself: infinity over infinity is no number.
    const finite = e.op('Min', [x, oneNumber(MAX_FLOAT32, node, e)]);
    const ratio = e.op('Div', [finite, e.op('Sub', [e.op('Add', [finite, one]), one])]);
    return e.op('Where', [e.op('Equal', [u, one]), x, e.op('Mul', [e.op('Log', [u]), ratio])]);
  },
  Relu6: (node, e) => e.op('Clip', [arg(node, e), e.scalar(0), e.scalar(6)]),
  LeakyRelu: (node, e) => e.op('LeakyRelu', [arg(node, e)], { alpha: { float: number(node.attrs, 'alpha') } }),
  Step(node, e) {
    const alpha = typeof node.attrs['alpha'] === 'number' ? node.attrs['alpha'] : 0;
    const zero = oneNumber(0, node, e, typeOf(node));
    const x = arg(node, e);
    const steps = e.op('Where', [
      e.op('Greater', [x, zero]),
      oneNumber(1, node, e, typeOf(node)),
      oneNumber(alpha, node, e, typeOf(node)),
    ]);
    return typeOf(node) === 'float32' ? e.op('Where', [e.op('IsNaN', [x]), x, steps]) : steps;
  },
  ClipByValue: (node, e) =>
    e.op('Clip', [
      arg(node, e),
      e.scalar(number(node.attrs, 'clipValueMin'), typeOf(node)),
      e.scalar(number(node.attrs, 'clipValueMax'), typeOf(node)),
    ]),
  ZerosLike: constantLike(0),
  OnesLike: constantLike(1),
  // NaN and infinities both fail the comparison: two operators instead of four.
  IsFinite: (node, e) => e.op('LessOrEqual', [e.op('Abs', [arg(node, e)]), oneNumber(MAX_FLOAT32, node, e)]),
  NotEqual: (node, e) => e.op('Not', [e.op('Equal', [arg(node, e), arg(node, e, 1)])]),
  SquaredDifference(node, e) {
    const difference = e.op('Sub', [arg(node, e), arg(node, e, 1)]);
    return e.op('Mul', [difference, difference]);
  },
  FloorDiv: (node, e) => floorQuotient(arg(node, e), arg(node, e, 1), e),
  Mod(node, e) {
    // The sign of the divisor, as TensorFlow.js has it.
    const [a, b] = [arg(node, e), arg(node, e, 1)];
    return e.op('Sub', [a, e.op('Mul', [floorQuotient(a, b, e), b])]);
  },
  AddN(node, e) {
    const terms = node.inputs.map((input) => e.name(input));
    // Sum is defined for floats only.
    return typeOf(node) === 'float32' ? e.op('Sum', terms) : terms.reduce((a, b) => e.op('Add', [a, b]));
  },
  Prelu(node, e) {
    const [x, alpha] = [arg(node, e), arg(node, e, 1)];
    return e.op('Where', [e.op('Less', [x, oneNumber(0, node, e)]), e.op('Mul', [x, alpha]), x]);
  },
  EluGrad(node, e) {
    const [dy, y] = [arg(node, e), arg(node, e, 1)];
    const slope = e.op('Where', [
      e.op('GreaterOrEqual', [y, oneNumber(0, node, e)]),
      oneNumber(1, node, e),
      e.op('Add', [y, oneNumber(1, node, e)]),
    ]);
    return e.op('Mul', [dy, slope]);
  },
  Cast(node, e) {
    const to = text(node.attrs, 'dtype') as DType;
    return typeOf(node) === to ? e.op('Identity', [arg(node, e)]) : convert(arg(node, e), typeOf(node), to, e);
  },
  Select(node, e) {
    const [condition, t] = [at(node.inputs, 0), at(node.inputs, 1)];
    const rows = condition.shape.length === 1 && t.shape.length > 1;
    const name = e.name(condition);
    const mask = rows ? e.reshape(name, [at(t.shape, 0), ...t.shape.slice(1).map(() => 1)]) : name;
    if (t.dtype !== 'bool') return e.op('Where', [mask, arg(node, e, 1), arg(node, e, 2)]);
    // ONNX Runtime chooses between numbers only.
    const [chosen, other] = [e.op('And', [mask, arg(node, e, 1)]), e.op('And', [e.op('Not', [mask]), arg(node, e, 2)])];
    return e.op('Or', [chosen, other]);
  },
};

/** What the low byte of a number says, which is how arrays of bool hold it. */
const byte = (x: string, e: Emitter): string =>
  cast(e.op('Mod', [convert(x, 'float32', 'int32', e), e.scalar(256, 'int32')]), 'bool', e);

const TO_BOOL: ReadonlySet<string> = new Set([...COMPARE, ...TEST]);

/** Kernels whose lowerings see to dtypes themselves. */
const OWN_TYPES: ReadonlySet<string> = new Set(['Cast', 'Select', 'ZerosLike', 'OnesLike']);

/** Casts operands to what a kernel is computed in, and its result to what it gives. */
const converted =
  (kernel: string, lowering: Lowering): Lowering =>
  (node, e) => {
    const dtypes = node.inputs.map(({ dtype }) => dtype);
    const type = computedIn(kernel, dtypes);
    const { dtype: to } = at(node.outputs, 0);
    const from = TO_BOOL.has(kernel) ? to : type;
    if (dtypes.every((dtype) => dtype === type) && from === to) return lowering(node, e);
    const names = new Map<Value, string>();
    // Forms ask for the operands' type; that of float64 is never asked for.
    const inputs = node.inputs.map((value) => {
      const cast = { ...value, dtype: type as DType };
      names.set(cast, convert(e.name(value), value.dtype, type, e));
      return cast;
    });
    const made = lowering({ ...node, inputs }, { ...e, name: (value) => names.get(value) ?? e.name(value) });
    const raw = typeof made === 'string' ? made : at(made, 0);
    // A byte is what counts of a number that becomes a bool.
    return from === 'float32' && to === 'bool' ? byte(raw, e) : convert(raw, from, to, e);
  };

const all: Lowerings = {
  ...Object.fromEntries(Object.entries(SAME).map(([kernel, type]) => [kernel, same(type)])),
  ...FORMS,
};

/** Kernels that compute element by element. */
export const elementwise: Lowerings = Object.fromEntries(
  Object.entries(all).map(([kernel, lowering]) => [
    kernel,
    OWN_TYPES.has(kernel) ? lowering : converted(kernel, lowering),
  ]),
);
