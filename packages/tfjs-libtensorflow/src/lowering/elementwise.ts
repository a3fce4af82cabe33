import { at, computedIn, type Node, number, text } from '@edm2/tfjs-jit/graph';
import { backend_util } from '@tensorflow/tfjs-core';
import type { Emitter, Lowering, Lowerings, Ref } from './emitter.js';
import type { TensorType } from './graph-def.js';

/** Kernels that are one TensorFlow op on the dtypes that they are computed in. */
const SAME: Readonly<Record<string, string>> = {
  Abs: 'Abs',
  Neg: 'Neg',
  Square: 'Square',
  Relu: 'Relu',
  Relu6: 'Relu6',
  Sign: 'Sign',
  Add: 'AddV2',
  Sub: 'Sub',
  Multiply: 'Mul',
  Maximum: 'Maximum',
  Minimum: 'Minimum',
  Pow: 'Pow',
  SquaredDifference: 'SquaredDifference',
  Mod: 'FloorMod',
  FloorDiv: 'FloorDiv',
  Sqrt: 'Sqrt',
  Rsqrt: 'Rsqrt',
  Exp: 'Exp',
  Expm1: 'Expm1',
  Log: 'Log',
  Log1p: 'Log1p',
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
  EluGrad: 'EluGrad',
  Floor: 'Floor',
  Ceil: 'Ceil',
  Round: 'Round',
  Reciprocal: 'Reciprocal',
  RealDiv: 'RealDiv',
};

/** Comparisons and tests: one TensorFlow op that gives bool. */
const TO_BOOL: Readonly<Record<string, string>> = {
  Less: 'Less',
  LessEqual: 'LessEqual',
  Greater: 'Greater',
  GreaterEqual: 'GreaterEqual',
  Equal: 'Equal',
  NotEqual: 'NotEqual',
  IsNan: 'IsNan',
  IsInf: 'IsInf',
  IsFinite: 'IsFinite',
};

/** Logic on bool: no attribute tells the dtype. */
const LOGIC: Readonly<Record<string, string>> = {
  LogicalNot: 'LogicalNot',
  LogicalAnd: 'LogicalAnd',
  LogicalOr: 'LogicalOr',
};

const args = (node: Node, e: Emitter): Ref[] => node.inputs.map((input) => e.ref(input));
const arg = (node: Node, e: Emitter, index = 0): Ref => e.ref(at(node.inputs, index));

/**
 * A cast as JavaScript's arrays make it: what is not finite is 0, and of what is too large the last 32 bits count. From a
 * float straight to 32 bits, processors give whatever they like.
 */
const convert = (x: Ref, to: TensorType, e: Emitter): Ref =>
  to === 'int32' && (x.dtype === 'float32' || x.dtype === 'float64') ? e.cast(e.cast(x, 'int64'), to) : e.cast(x, to);

/** Casts operands to what a kernel is computed in, and its result to what it gives. */
const converted =
  (kernel: string, lower: (operands: readonly Ref[], node: Node, e: Emitter) => Ref): Lowering =>
  (node, e) => {
    const type = computedIn(
      kernel,
      node.inputs.map(({ dtype }) => dtype),
    );
    const operands = args(node, e).map((x) => convert(x, type, e));
    const made = lower(operands, node, e);
    const { dtype } = at(node.outputs, 0);
    // What counts of a number that becomes a bool is the low byte, which is how arrays of bool hold it.
    const whole = dtype === 'bool' && made.dtype !== 'bool' ? convert(made, 'int32', e) : made;
    return convert(whole, dtype, e);
  };

/** `condition ? t : e`, all three broadcasting. */
export const select = (condition: Ref, t: Ref, otherwise: Ref, e: Emitter): Ref =>
  e.op('SelectV2', [condition, t, otherwise], { T: { type: t.dtype } }, t.dtype);

type Form = (operands: readonly Ref[], node: Node, e: Emitter) => Ref;

/** One number of the operands' own type. */
const like = (x: Ref, value: number, e: Emitter): Ref => e.scalar(value, x.dtype === 'int32' ? 'int32' : 'float32');

const FORMS: Readonly<Record<string, Form>> = {
  // TensorFlow's own subtract 1 from e^x, and nothing is left of small x.
  Elu: ([given], _, e) => {
    const x = given as Ref;
    return select(e.op('Greater', [x, e.scalar(0)], {}, 'bool'), x, e.op('Expm1', [x]), e);
  },
  Selu: ([given], _, e) => {
    const x = given as Ref;
    const { SELU_SCALE, SELU_SCALEALPHA } = backend_util;
    const above = e.op('Mul', [x, e.scalar(SELU_SCALE)]);
    const below = e.op('Mul', [e.op('Expm1', [x]), e.scalar(SELU_SCALEALPHA)]);
    return select(e.op('Greater', [x, e.scalar(0)], {}, 'bool'), above, below, e);
  },
  LeakyRelu: ([x], node, e) => e.op('LeakyRelu', [x as Ref], { alpha: { float: number(node.attrs, 'alpha') } }),
  Step([given], node, e) {
    const x = given as Ref;
    const alpha = typeof node.attrs['alpha'] === 'number' ? node.attrs['alpha'] : 0;
    const above = e.op('Greater', [x, like(x, 0, e)], {}, 'bool');
    const steps = select(above, like(x, 1, e), like(x, alpha, e), e);
    return x.dtype === 'float32' ? select(e.op('IsNan', [x], {}, 'bool'), x, steps, e) : steps;
  },
  ClipByValue([given], node, e) {
    const x = given as Ref;
    return e.op('ClipByValue', [
      x,
      ...['clipValueMin', 'clipValueMax'].map((name) => like(x, number(node.attrs, name), e)),
    ]);
  },
  Prelu([x, alpha], _, e) {
    const [given, slope] = [x as Ref, alpha as Ref];
    return select(e.op('Less', [given, e.scalar(0)], {}, 'bool'), e.op('Mul', [given, slope]), given, e);
  },
  LogicalXor: (operands, _, e) => e.op('NotEqual', operands, {}, 'bool'),
  AddN: (operands, _, e) => e.op('AddN', operands, { N: { int: operands.length } }),
};

/** Kernels that see to dtypes themselves. */
const OWN_TYPES: Lowerings = {
  ZerosLike: (node, e) => e.op('ZerosLike', args(node, e)),
  OnesLike: (node, e) => e.op('OnesLike', args(node, e)),
  Cast(node, e) {
    const x = arg(node, e);
    const to = text(node.attrs, 'dtype') as 'float32' | 'int32' | 'bool';
    return x.dtype === to ? e.op('Identity', [x]) : convert(x, to, e);
  },
  Select(node, e) {
    const [condition, t] = [at(node.inputs, 0), at(node.inputs, 1)];
    // A condition of one axis chooses whole rows.
    const rows = condition.shape.length === 1 && t.shape.length > 1;
    const mask = rows
      ? e.reshape(e.ref(condition), [at(t.shape, 0), ...t.shape.slice(1).map(() => 1)])
      : e.ref(condition);
    return select(mask, arg(node, e, 1), arg(node, e, 2), e);
  },
};

const each = (table: Readonly<Record<string, string>>, form: (op: string) => Form): Record<string, Form> =>
  Object.fromEntries(Object.entries(table).map(([kernel, op]) => [kernel, form(op)]));

const forms: Readonly<Record<string, Form>> = {
  ...each(SAME, (op) => (operands, _, e) => e.op(op, operands)),
  ...each(TO_BOOL, (op) => (operands, _, e) => e.op(op, operands, {}, 'bool')),
  ...each(LOGIC, (op) => (operands, _, e) => at(e.node(op, operands, {}, ['bool']), 0)),
  ...FORMS,
};

/** Kernels that compute element by element. */
export const elementwise: Lowerings = {
  ...Object.fromEntries(Object.entries(forms).map(([kernel, form]) => [kernel, converted(kernel, form)])),
  ...OWN_TYPES,
};
