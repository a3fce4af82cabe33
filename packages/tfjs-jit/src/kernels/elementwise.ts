import { backend_util, util } from '@tensorflow/tfjs-core';
import { type DType, sameShape, sizeOf } from '../graph/graph.js';
import { asDType, at, first, type KernelSpec, type KernelSpecs, result } from './spec.js';

/** Unary kernels whose result has the input's shape and dtype; attributes pass through. */
const UNARY = [
  'Abs',
  'Neg',
  'Sqrt',
  'Rsqrt',
  'Square',
  'Exp',
  'Expm1',
  'Log',
  'Log1p',
  'Sin',
  'Cos',
  'Tan',
  'Sinh',
  'Cosh',
  'Tanh',
  'Asin',
  'Acos',
  'Atan',
  'Asinh',
  'Acosh',
  'Atanh',
  'Erf',
  'Sigmoid',
  'Softplus',
  'Relu',
  'Relu6',
  'LeakyRelu',
  'Elu',
  'Selu',
  'Sign',
  'Floor',
  'Ceil',
  'Round',
  'Reciprocal',
  'Step',
  'ClipByValue',
  'ZerosLike',
  'OnesLike',
] as const;

/** Binary kernels that broadcast and keep the dtype. */
export const BINARY = [
  'Add',
  'Sub',
  'Multiply',
  'RealDiv',
  'Maximum',
  'Minimum',
  'Pow',
  'SquaredDifference',
  'FloorDiv',
  'Mod',
  'Prelu',
  'EluGrad',
] as const;

/** Binary kernels that broadcast and give bool. */
export const COMPARE = [
  'Equal',
  'NotEqual',
  'Less',
  'LessEqual',
  'Greater',
  'GreaterEqual',
  'LogicalAnd',
  'LogicalOr',
  'LogicalXor',
] as const;

/** Unary tests that give bool. */
export const TEST = ['IsNan', 'IsInf', 'IsFinite', 'LogicalNot'] as const;

/** Kernels whose elements correspond one to one: they may be computed in any order, and over one of their operands. */
export const ELEMENTWISE: ReadonlySet<string> = new Set([
  ...UNARY,
  ...BINARY,
  ...COMPARE,
  ...TEST,
  'AddN',
  'Cast',
  'Select',
]);

const unary = (dtype?: DType): KernelSpec => ({
  inputs: ['x'],
  infer: (inputs, attrs) => result(first(inputs).shape, dtype ?? first(inputs).dtype, attrs),
});

const broadcast = (a: readonly number[], b: readonly number[]): number[] =>
  backend_util.assertAndGetBroadcastShape([...a], [...b]);

const binary = (names: readonly string[], dtype?: DType): KernelSpec => ({
  inputs: names,
  infer: (inputs) => result(broadcast(first(inputs).shape, at(inputs, 1).shape), dtype ?? first(inputs).dtype),
});

const BINARY_NAMES: Readonly<Record<string, readonly string[]>> = { Prelu: ['x', 'alpha'], EluGrad: ['dy', 'y'] };

/** Kernels that TensorFlow.js gives another dtype than that of their input. */
const GIVES: Readonly<Record<string, DType>> = {
  Exp: 'float32',
  LeakyRelu: 'float32',
  Prelu: 'float32',
  EluGrad: 'float32',
  // The quotient is whole whatever comes in.
  FloorDiv: 'int32',
};

/** Kernels that are the same for whole numbers; bool counts as 0 and 1. */
const WHOLE: ReadonlySet<string> = new Set([
  'Abs',
  'Neg',
  'Sign',
  'Square',
  'Relu',
  'ClipByValue',
  'Step',
  'Add',
  'Sub',
  'Multiply',
  'Maximum',
  'Minimum',
  'SquaredDifference',
  'AddN',
  'Less',
  'LessEqual',
  'Greater',
  'GreaterEqual',
]);

/** Kernels of two whole numbers that go through float64, as they do on cpu: a divisor may be 0, a power negative. */
const THROUGH_DOUBLE: ReadonlySet<string> = new Set(['FloorDiv', 'Mod', 'Pow', 'RealDiv']);

/** Kernels that take bool as it is. */
const LOGICAL: ReadonlySet<string> = new Set([
  'Equal',
  'NotEqual',
  'LogicalAnd',
  'LogicalOr',
  'LogicalXor',
  'LogicalNot',
  'ZerosLike',
  'OnesLike',
  'Cast',
  'Select',
]);

/** What an element-wise kernel is computed in, for operands of given dtypes: engines know few of their kernels for all. */
export function computedIn(kernel: string, dtypes: readonly DType[]): DType | 'float64' {
  const [dtype = 'float32'] = dtypes;
  if (LOGICAL.has(kernel)) return dtype;
  if (dtypes.includes('float32')) return 'float32';
  if (THROUGH_DOUBLE.has(kernel)) return 'float64';
  return WHOLE.has(kernel) ? 'int32' : 'float32';
}

/** Element by element: one result element from one element of each input. */
export const elementwise: KernelSpecs = {
  ...Object.fromEntries(UNARY.map((kernel) => [kernel, unary(GIVES[kernel])])),
  ...Object.fromEntries(TEST.map((kernel) => [kernel, unary('bool')])),
  ...Object.fromEntries(BINARY.map((kernel) => [kernel, binary(BINARY_NAMES[kernel] ?? ['a', 'b'], GIVES[kernel])])),
  ...Object.fromEntries(COMPARE.map((kernel) => [kernel, binary(['a', 'b'], 'bool')])),
  AddN: { inputs: 'list', infer: (inputs) => result(first(inputs).shape, first(inputs).dtype) },
  Cast: {
    inputs: ['x'],
    infer: (inputs, attrs) => result(first(inputs).shape, asDType(attrs['dtype']), { dtype: attrs['dtype'] }),
  },
  Select: {
    inputs: ['condition', 't', 'e'],
    infer(inputs) {
      const [condition, { shape, dtype }] = [first(inputs), at(inputs, 1)];
      const rows = condition.shape.length === 1 && shape.length > 1 && condition.shape[0] === shape[0];
      util.assert(
        rows || sameShape(condition.shape, shape) || sizeOf(shape) === 0,
        () => `Error in where: expected a condition of shape ${shape}, got ${condition.shape}.`,
      );
      return result(shape, dtype);
    },
  },
};
