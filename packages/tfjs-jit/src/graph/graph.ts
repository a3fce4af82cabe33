/** Element types that a compiled graph knows. */
export type DType = 'float32' | 'int32' | 'bool';

/** Host data of a constant: float32, int32 or bool (one byte each). */
export type Data = Float32Array | Int32Array | Uint8Array;

/** One tensor of a graph. Identity is by object; `id` only names it. */
export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Kernel attributes in canonical form: axes non-negative, shapes and paddings explicit. */
export type Attributes = Readonly<Record<string, unknown>>;

/** What a kernel call came from. */
export interface Origin {
  /** The TensorFlow.js op that dispatched the kernel, for messages and `explain()`. */
  readonly op: string;
  /** `file:line:column` of the code that called the op; only where the trace was asked for it. */
  readonly source?: string | undefined;
}

/** One kernel call. `inputs` are positional, in the order of the kernel's signature (`kernels/`). */
export interface Node extends Origin {
  readonly kernel: string;
  readonly inputs: readonly Value[];
  readonly attrs: Attributes;
  readonly outputs: readonly Value[];
}

/**
 * A traced function: nodes in the order in which they were dispatched, so every value is made before it is used.
 * Immutable; a pass returns a new graph that may share nodes and values with the old one.
 */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly constants: ReadonlyMap<Value, Data>;
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}

let nextId = 0;

/** A new value of the given shape and dtype, unlike every other. */
export const newValue = (shape: readonly number[], dtype: DType): Value => ({ id: nextId++, shape: [...shape], dtype });

/** Number of elements of a shape; 1 for a scalar. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** True when both shapes have the same extents. */
export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** Host data of `values` in the array type that `dtype` uses. */
export function toData(values: ArrayLike<number>, dtype: DType): Data {
  if (dtype === 'float32') return values instanceof Float32Array ? values : Float32Array.from(values);
  if (dtype === 'int32') return values instanceof Int32Array ? values : Int32Array.from(values);
  return values instanceof Uint8Array ? values : Uint8Array.from(values);
}
