import type { DType, Node, Value } from '../../graph/graph.js';
import { COMPARE, computedIn, TEST } from '../../kernels/elementwise.js';
import { at, number, text } from '../../kernels/spec.js';
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
  Tanh: 'Tanh',
  Asin: 'Asin',
  Acos: 'Acos',
  Atan: 'Atan',
  Asinh: 'Asinh',
  Acosh: 'Acosh',
  Atanh: 'Atanh',
  Erf: 'Erf',
  Sigmoid: 'Sigmoid',
  Softplus: 'Softplus',
  Relu: 'Relu',
  Elu: 'Elu',
  Selu: 'Selu',
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

/** Largest finite float32. */
const MAX_FLOAT32 = 3.4028234663852886e38;

const constantLike =
  (value: number): Lowering =>
  (node, e) =>
    e.op('Expand', [e.scalar(value, typeOf(node)), e.ints(at(node.outputs, 0).shape)]);

const FORMS: Lowerings = {
  Square: (node, e) => e.op('Mul', [arg(node, e), arg(node, e)]),
  Rsqrt: (node, e) => e.op('Reciprocal', [e.op('Sqrt', [arg(node, e)])]),
  Expm1: (node, e) => e.op('Sub', [e.op('Exp', [arg(node, e)]), oneNumber(1, node, e)]),
  Log1p: (node, e) => e.op('Log', [e.op('Add', [arg(node, e), oneNumber(1, node, e)])]),
  Relu6: (node, e) => e.op('Clip', [arg(node, e), e.scalar(0), e.scalar(6)]),
  LeakyRelu: (node, e) => e.op('LeakyRelu', [arg(node, e)], { alpha: { float: number(node.attrs, 'alpha') } }),
  Step(node, e) {
    const alpha = typeof node.attrs['alpha'] === 'number' ? node.attrs['alpha'] : 0;
    const zero = oneNumber(0, node, e, typeOf(node));
    const above = e.op('Greater', [arg(node, e), zero]);
    if (alpha === 0) return cast(above, typeOf(node), e);
    return e.op('Where', [above, oneNumber(1, node, e, typeOf(node)), oneNumber(alpha, node, e, typeOf(node))]);
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
