import { backend_util } from '@tensorflow/tfjs-core';
import type { DType } from '../graph/graph.js';
import { asDType, at, first, type KernelSpec, type KernelSpecs, result } from './spec.js';

/** Unary kernels whose result has the input's shape and dtype; attributes pass through. */
export const UNARY = [
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

/** Element by element: one result element from one element of each input. */
export const elementwise: KernelSpecs = {
  ...Object.fromEntries(UNARY.map((kernel) => [kernel, unary()])),
  ...Object.fromEntries(TEST.map((kernel) => [kernel, unary('bool')])),
  ...Object.fromEntries(BINARY.map((kernel) => [kernel, binary(BINARY_NAMES[kernel] ?? ['a', 'b'])])),
  ...Object.fromEntries(COMPARE.map((kernel) => [kernel, binary(['a', 'b'], 'bool')])),
  // TensorFlow.js gives the quotient as int32 whatever comes in.
  FloorDiv: binary(['a', 'b'], 'int32'),
  AddN: { inputs: 'list', infer: (inputs) => result(first(inputs).shape, first(inputs).dtype) },
  Cast: {
    inputs: ['x'],
    infer: (inputs, attrs) => result(first(inputs).shape, asDType(attrs['dtype']), { dtype: attrs['dtype'] }),
  },
  Select: {
    inputs: ['condition', 't', 'e'],
    infer: (inputs) => result(at(inputs, 1).shape, at(inputs, 1).dtype),
  },
};
