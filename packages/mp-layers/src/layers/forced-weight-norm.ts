import { known } from '@edm2/options';
import type * as tf from '@tensorflow/tfjs-core';
import { constraints } from '@tensorflow/tfjs-layers';
import { weightNorm } from '../normalize.js';
import { BY_LOADING } from './layer-args.js';

/** tf.constraints' base class, which tfjs-layers checks for but does not export: the parent of any constraint's class. */
type Constraint = ReturnType<typeof constraints.nonNeg>;
const Base = Object.getPrototypeOf(Object.getPrototypeOf(constraints.nonNeg())).constructor as new () => Constraint;

/** The class behind {@link forcedWeightNorm}. */
export class ForcedWeightNorm extends Base {
  static readonly className = 'ForcedWeightNorm';

  /** @throws {RangeError} for any option: there are none. */
  constructor(options: Record<string, never> = {}) {
    super();
    const { [BY_LOADING]: _, ...given } = options;
    known('forcedWeightNorm', given, {});
  }

  override apply(w: tf.Tensor): tf.Tensor {
    return weightNorm(w);
  }

  override getConfig(): Record<string, never> {
    return {};
  }
}

/**
 * Forced weight normalisation as a weight constraint: whatever is written to the weight is scaled to RMS 1 for each output
 * channel.
 *
 * TensorFlow.js asks constraints when a weight is set, but its optimizers update weights without asking: during `fit` this one
 * does nothing by itself. `MPConv2D` and `MPDense` do not need it: unless told otherwise they force their kernels at the start of
 * each training forward pass, as the paper does.
 *
 * @param options - there are none: all axes but the last make up one output, as in the paper.
 * @returns a constraint for any layer's `kernelConstraint`.
 * @see Karras et al. 2024, eq. 66 and Algorithm 1.
 */
export const forcedWeightNorm = (options: Record<string, never> = {}): Constraint => new ForcedWeightNorm(options);
