import type { Node } from '../../graph/graph.js';
import { at, number, text } from '../../kernels/spec.js';
import type { Emitter, Lowering, Lowerings, Ref } from './emitter.js';

/** Kernels that are one TensorFlow op, for every dtype that TensorFlow.js calls them with. */
const SAME: Readonly<Record<string, string>> = {
  Abs: 'Abs',
  Neg: 'Neg',
  Square: 'Square',
  Relu: 'Relu',
  Relu6: 'Relu6',
  Sign: 'Sign',
  ZerosLike: 'ZerosLike',
  OnesLike: 'OnesLike',
  Add: 'AddV2',
  Sub: 'Sub',
  Multiply: 'Mul',
  Maximum: 'Maximum',
  Minimum: 'Minimum',
  Pow: 'Pow',
  SquaredDifference: 'SquaredDifference',
  Mod: 'FloorMod',
};

/** Kernels that are one TensorFlow op on floats; int32 operands go through float32. */
const FLOAT: Readonly<Record<string, string>> = {
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
  Elu: 'Elu',
  Selu: 'Selu',
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
};

/** Tests of floats: no integer is NaN or infinite. */
const TEST: Readonly<Record<string, string>> = { IsNan: 'IsNan', IsInf: 'IsInf', IsFinite: 'IsFinite' };

/** Logic on bool: no attribute tells the dtype. */
const LOGIC: Readonly<Record<string, string>> = {
  LogicalNot: 'LogicalNot',
  LogicalAnd: 'LogicalAnd',
  LogicalOr: 'LogicalOr',
};

const args = (node: Node, e: Emitter): Ref[] => node.inputs.map((input) => e.ref(input));
const arg = (node: Node, e: Emitter, index = 0): Ref => e.ref(at(node.inputs, index));

/** Gives a lowering float32 operands for int32 ones, and its result back as int32. */
const throughFloat =
  (lower: (operands: readonly Ref[], node: Node, e: Emitter) => Ref): Lowering =>
  (node, e) => {
    const operands = args(node, e);
    if (at(operands, 0).dtype !== 'int32') return lower(operands, node, e);
    const floats = operands.map((x) => e.cast(x, 'float32'));
    return e.cast(lower(floats, node, e), at(node.outputs, 0).dtype);
  };

/** `condition ? t : e`, all three broadcasting. */
export const select = (condition: Ref, t: Ref, otherwise: Ref, e: Emitter): Ref =>
  e.op('SelectV2', [condition, t, otherwise], { T: { type: t.dtype } }, t.dtype);

const FORMS: Lowerings = {
  LeakyRelu: throughFloat(([x], node, e) =>
    e.op('LeakyRelu', [x as Ref], { alpha: { float: number(node.attrs, 'alpha') } }),
  ),
  Step(node, e) {
    const x = arg(node, e);
    const { dtype } = at(node.inputs, 0);
    const alpha = typeof node.attrs['alpha'] === 'number' ? node.attrs['alpha'] : 0;
    const above = e.op('Greater', [x, e.scalar(0, dtype)], {}, 'bool');
    if (alpha === 0) return e.cast(above, dtype);
    return select(above, e.scalar(1, dtype), e.scalar(alpha, dtype), e);
  },
  ClipByValue(node, e) {
    const bound = (name: string): Ref => e.scalar(number(node.attrs, name), at(node.inputs, 0).dtype);
    return e.op('ClipByValue', [arg(node, e), bound('clipValueMin'), bound('clipValueMax')]);
  },
  Prelu(node, e) {
    const [x, alpha] = [arg(node, e), arg(node, e, 1)];
    return select(e.op('Less', [x, e.scalar(0)], {}, 'bool'), e.op('Mul', [x, alpha]), x, e);
  },
  // TensorFlow.js gives the quotient as int32 whatever comes in.
  FloorDiv: (node, e) => e.cast(e.op('FloorDiv', args(node, e)), 'int32'),
  LogicalXor: (node, e) => e.op('NotEqual', args(node, e), {}, 'bool'),
  AddN: (node, e) => e.op('AddN', args(node, e), { N: { int: node.inputs.length } }),
  Cast(node, e) {
    const x = arg(node, e);
    const to = text(node.attrs, 'dtype') as 'float32' | 'int32' | 'bool';
    return x.dtype === to ? e.op('Identity', [x]) : e.cast(x, to);
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

const each = (table: Readonly<Record<string, string>>, lowering: (op: string) => Lowering): Lowerings =>
  Object.fromEntries(Object.entries(table).map(([kernel, op]) => [kernel, lowering(op)]));

/** Kernels that compute element by element. */
export const elementwise: Lowerings = {
  ...each(SAME, (op) => (node, e) => e.op(op, args(node, e))),
  ...each(FLOAT, (op) => throughFloat((operands, _, e) => e.op(op, operands))),
  ...each(TO_BOOL, (op) => (node, e) => e.op(op, args(node, e), {}, 'bool')),
  ...each(TEST, (op) => (node, e) => e.op(op, [e.cast(arg(node, e), 'float32')], {}, 'bool')),
  ...each(LOGIC, (op) => (node, e) => at(e.node(op, args(node, e), {}, ['bool']), 0)),
  ...FORMS,
};
