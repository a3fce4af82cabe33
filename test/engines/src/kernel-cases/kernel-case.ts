import type * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

/** A function of tensors and the tensors to call it with. */
export interface Call {
  readonly fn: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  readonly inputs: readonly tf.Tensor[];
  /** What `fn` gives in closed form, where TensorFlow.js's cpu backend is wrong. */
  readonly expected?: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
}

/** A kernel under test, for any engine: generated calls whose values, and gradients where there are some, must be cpu's. */
export interface KernelCase {
  readonly name: string;
  /** Kernels of TensorFlow.js that the calls dispatch. */
  readonly kernels: readonly string[];
  /** Generated calls; the tensors are made anew for each. */
  readonly calls: fc.Arbitrary<() => Call>;
  /** Also compare gradients with respect to the float inputs. */
  readonly gradients?: boolean;
  /** Something that cpu's kernels get wrong, and so does an engine that runs them: `expected` is what counts. */
  readonly wrongOnCpu?: boolean;
  /** Largest difference relative to the largest magnitude; default 1e-5, sums of float32 products in another order. */
  readonly tolerance?: number;
}

const seeds = fc.integer({ min: 1, max: 1e6 });
export const extents = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });

/** Calls from generated sizes and a seed. */
export const from = <T>(sizes: fc.Arbitrary<T>, make: (sizes: T, seed: number) => Call): fc.Arbitrary<() => Call> =>
  fc.tuple(sizes, seeds).map(
    ([value, seed]) =>
      () =>
        make(value, seed),
  );
