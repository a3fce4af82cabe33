import { util } from '@tensorflow/tfjs-core';
import type { DType } from '../graph/graph.js';
import { first, type Inferred, type KernelSpec, type KernelSpecs, number, numbers, result } from './spec.js';

/** Reductions over `axis` with `keepDims`. */
export const REDUCE = ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'All', 'Any'] as const;

/** Shape after reducing `axes`. */
const reducedShape = (shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] =>
  shape.flatMap((n, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [n]));

const reduce = (kernel: string): KernelSpec => ({
  inputs: ['x'],
  infer(inputs, attrs): Inferred {
    const { shape, dtype } = first(inputs);
    // The Max kernel alone calls its axes otherwise.
    const axis = axes(attrs[kernel === 'Max' ? 'reductionIndices' : 'axis'], shape);
    const keepDims = attrs['keepDims'] === true;
    const out: DType = kernel === 'Mean' ? 'float32' : kernel === 'Sum' || kernel === 'Prod' ? summed(dtype) : dtype;
    const kernelAttrs = kernel === 'Max' ? { axis, keepDims, reductionIndices: axis } : { axis, keepDims };
    return result(reducedShape(shape, axis, keepDims), out, kernelAttrs);
  },
});

/** What sums and products of a dtype are. */
const summed = (dtype: DType): DType => (dtype === 'bool' ? 'int32' : dtype);

/** Axes as sorted non-negative numbers; all of them for null or undefined. */
function axes(axis: unknown, shape: readonly number[]): number[] {
  const given = axis === null || axis === undefined ? shape.map((_, i) => i) : numbers({ axis }, 'axis');
  const named = util.parseAxisParam(given, [...shape]);
  // The cpu kernels reduce one that is named twice as often, and leave another.
  util.assert(new Set(named).size === named.length, () => `Expected each axis once, but got axis ${given}`);
  return named.sort((a, b) => a - b);
}

const argument: KernelSpec = {
  inputs: ['x'],
  infer(inputs, attrs) {
    const { shape } = first(inputs);
    const axis = axes(attrs['axis'], shape);
    return result(reducedShape(shape, axis, false), 'int32', { axis: axis[0] ?? 0 });
  },
};

const lastAxis = (input: string, attribute?: string): KernelSpec => ({
  inputs: [input],
  infer: (inputs) => {
    const { shape, dtype } = first(inputs);
    const axis = util.parseAxisParam(shape.length - 1, [...shape])[0];
    return result(shape, dtype, attribute === undefined ? {} : { [attribute]: axis });
  },
});

/** Kernels that look along whole axes. */
export const reductions: KernelSpecs = {
  ...Object.fromEntries(REDUCE.map((kernel) => [kernel, reduce(kernel)])),
  ArgMax: argument,
  ArgMin: argument,
  Softmax: lastAxis('logits', 'dim'),
  LogSoftmax: lastAxis('logits', 'axis'),
  Cumsum: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const axis = axes(number(attrs, 'axis'), shape)[0] ?? 0;
      return result(shape, summed(dtype), {
        axis,
        exclusive: attrs['exclusive'] === true,
        reverse: attrs['reverse'] === true,
      });
    },
  },
};
