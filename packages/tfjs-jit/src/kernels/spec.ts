import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Signature } from '../graph/builder.js';
import type { Attributes, Data, DType } from '../graph/graph.js';

/** What one tracing step knows of its result: canonical attributes and the outputs' shapes and dtypes. */
export interface Inferred {
  readonly attrs: Attributes;
  readonly outputs: readonly Signature[];
}

/**
 * How the tracer reads a TensorFlow.js kernel: the names of its inputs in order (`'list'` for kernels of any number of
 * inputs) and shape inference, which refuses what the cpu kernel refuses, in its words.
 */
export interface KernelSpec {
  readonly inputs: readonly string[] | 'list';
  /** @param known - values of the inputs that are constants. */
  readonly infer: (inputs: readonly Signature[], attrs: Attributes, known: readonly (Data | undefined)[]) => Inferred;
}

export type KernelSpecs = Readonly<Record<string, KernelSpec>>;

/** The first input's signature; kernels are only called with the inputs that their op checked. */
export function first(inputs: readonly Signature[]): Signature {
  return at(inputs, 0);
}

/** Element `index`, or an error when the caller passed fewer. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined)
    throw new RangeError(`tfjs-jit: expected at least ${index + 1} entries, got ${items.length}.`);
  return item;
}

/** Reads a number attribute. */
export function number(attrs: Attributes, name: string): number {
  const value = attrs[name];
  if (typeof value !== 'number')
    throw new TypeError(`tfjs-jit: expected attribute ${name} to be a number, got ${value}.`);
  return value;
}

/** Reads an attribute that is a list of numbers, or one number for a list of one. */
export function numbers(attrs: Attributes, name: string): number[] {
  const value = attrs[name];
  if (typeof value === 'number') return [value];
  if (!isNumbers(value)) throw new TypeError(`tfjs-jit: expected attribute ${name} to be numbers, got ${value}.`);
  return [...value];
}

/** Reads a text attribute. */
export function text(attrs: Attributes, name: string): string {
  const value = attrs[name];
  if (typeof value !== 'string') throw new TypeError(`tfjs-jit: expected attribute ${name} to be text, got ${value}.`);
  return value;
}

/** Reads an attribute that is a list of pairs of numbers (paddings). */
export function pairs(attrs: Attributes, name: string): [number, number][] {
  const value = attrs[name];
  if (!Array.isArray(value)) throw new TypeError(`tfjs-jit: expected attribute ${name} to be pairs, got ${value}.`);
  return value.map((pair: unknown) => {
    if (!isNumbers(pair)) throw new TypeError(`tfjs-jit: expected attribute ${name} to be pairs, got ${pair}.`);
    return [at(pair, 0), at(pair, 1)];
  });
}

export const isNumbers = (value: unknown): value is readonly number[] =>
  (Array.isArray(value) || ArrayBuffer.isView(value)) &&
  Array.from(value as ArrayLike<unknown>).every((n) => typeof n === 'number');

/** One output of the given shape and dtype, attributes as they came. */
export const result = (shape: readonly number[], dtype: DType, attrs: Attributes = {}): Inferred => ({
  attrs,
  outputs: [{ shape, dtype }],
});

/** Narrows a TensorFlow.js dtype to those that a graph knows. */
export function asDType(dtype: unknown): DType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new TypeError(
    `jit: expected float32, int32 or bool tensors, got ${dtype}. Cast outside the compiled function.`,
  );
}

/** What TensorFlow.js's helpers take for a tensor of which the shape and dtype are known. */
export const tensorInfo = ({ shape, dtype }: Signature): TensorInfo => ({ dataId: {}, shape: [...shape], dtype });
