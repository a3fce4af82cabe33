import { draw } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

/** One call of an op with arguments that may be right or wrong. */
export interface ArgumentCall {
  /** The arguments, for messages. */
  readonly text: string;
  readonly fn: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Made anew for each run: some cpu kernels write into what they are given. */
  readonly inputs: () => tf.Tensor[];
}

/** Calls of one op, or of a few that check alike, with arguments around the edges of what they accept. */
export interface ArgumentCase {
  readonly name: string;
  readonly calls: fc.Arbitrary<ArgumentCall>;
  /**
   * Where cpu answers without looking, and what it answers is nobody's: calls that it accepts and engines refuse, by what
   * the refusal says.
   */
  readonly stricter?: RegExp;
  /** What cpu has no kernel for and engines do, by what cpu says. */
  readonly wider?: RegExp;
  /** Largest difference relative to the largest magnitude; default 2e-6. */
  readonly tolerance?: number;
}

export const int = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });

/** Mostly extents of 1 to 4; now and then none. */
export const extent = fc.oneof({ arbitrary: int(1, 4), weight: 12 }, { arbitrary: fc.constant(0), weight: 1 });

/** Shapes of `min` to `max` axes. */
export const shapeOf = (min: number, max: number): fc.Arbitrary<number[]> =>
  fc.array(extent, { minLength: min, maxLength: max });

/** A number for every axis of a shape, and now and then one more or less. */
export const perAxis = <T>(rank: number, entry: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.oneof(
    { arbitrary: fc.array(entry, { minLength: rank, maxLength: rank }), weight: 8 },
    { arbitrary: fc.array(entry, { minLength: Math.max(0, rank - 1), maxLength: rank + 1 }), weight: 1 },
  );

/** An axis of a shape, and now and then one past either end. */
export const axisOf = (rank: number): fc.Arbitrary<number> => int(-rank - 1, rank);

const counted = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Floats drawn by the shape itself. */
export const floats = (shape: readonly number[]): tf.Tensor => draw(1 + counted(shape), shape);

export const ints = (values: readonly number[], shape: readonly number[] = [values.length]): tf.Tensor =>
  tf.tensor([...values], [...shape], 'int32');

const bools = (shape: readonly number[]): tf.Tensor => tf.tidy(() => tf.greater(floats(shape), 0));

/** A tensor of any of the dtypes. */
export const typed = (shape: readonly number[], dtype: 'float32' | 'int32' | 'bool'): tf.Tensor =>
  dtype === 'float32'
    ? floats(shape)
    : dtype === 'bool'
      ? bools(shape)
      : tf.tidy(() => tf.cast(tf.mul(floats(shape), 5), 'int32'));

export const dtypes = fc.constantFrom('float32' as const, 'int32' as const, 'bool' as const);

/** Calls from generated arguments; what they are is in the text. */
export const calls = <T>(
  args: fc.Arbitrary<T>,
  inputs: (args: T) => tf.Tensor[],
  fn: (args: T, ...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[],
): fc.Arbitrary<ArgumentCall> =>
  args.map((given) => ({
    text: JSON.stringify(given),
    inputs: () => inputs(given),
    fn: (...tensors) => fn(given, ...tensors),
  }));
