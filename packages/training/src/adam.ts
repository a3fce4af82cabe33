import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import { mapParams, type Params, type TensorTree } from './tree.js';

/**
 * What a training step asks of an optimizer: two pure functions of named tensors.
 *
 * `M` is whatever it carries from step to step: any tree of named tensors, saved and restored with the rest of the state.
 */
export interface Optimizer<M extends TensorTree = TensorTree> {
  /** The moments before the first step, as new tensors. */
  init(params: Params): M;
  /**
   * One step. Returns new tensors; the arguments stay as they are.
   *
   * @param params - what is trained.
   * @param grads - the gradients, same names and shapes.
   * @param moments - what the last call returned, or `init`.
   * @param learningRate - scalar.
   */
  update(params: Params, grads: Params, moments: M, learningRate: tf.Tensor): { params: Params; moments: M };
}

/** Options of {@link adam}. */
export interface AdamOptions {
  /** Decay of the first moment, in [0, 1). */
  readonly beta1?: number;
  /** Decay of the second moment, in [0, 1). */
  readonly beta2?: number;
  /** Added to the root of the second moment, ≥ 0. */
  readonly eps?: number;
}

/** Adam's state. `correctionᵢ` is `1 − βᵢ^step`, the share of the moments that is not their initial zero. */
export type AdamMoments = {
  readonly step: tf.Tensor;
  readonly correction1: tf.Tensor;
  readonly correction2: tf.Tensor;
  readonly first: Params;
  readonly second: Params;
};

/**
 * Adam without weight decay, bias-corrected:
 * `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `θ ← θ − α·(m/c₁) / (√(v/c₂) + ε)` with `cᵢ = 1 − βᵢ^step`.
 *
 * The corrections are kept as scalars and grown by the same recurrence as the moments, `c ← c + (1−β)(1−c)`: exact from the
 * first step on, where `1 − β^step` in float32 loses digits, and a step compiles to multiplications and additions alone.
 *
 * @param options - defaults are EDM2's.
 * @throws {RangeError} when an option is out of range.
 * @see Kingma & Ba 2015, Algorithm 1; hyperparameters: Karras et al. 2024, Table 6.
 */
export function adam(options: AdamOptions = {}): Optimizer<AdamMoments> {
  const { beta1 = 0.9, beta2 = 0.99, eps = 1e-8 } = known('adam', options, { beta1: true, beta2: true, eps: true });
  assertBeta('beta1', beta1);
  assertBeta('beta2', beta2);
  if (!(eps >= 0 && eps < Number.POSITIVE_INFINITY))
    throw new RangeError(`adam: expected eps ≥ 0, got ${eps}. 1e-8 is usual.`);
  return {
    init: (params) => ({
      step: tf.scalar(0),
      correction1: tf.scalar(0),
      correction2: tf.scalar(0),
      first: mapParams(params, (tensor) => tf.zeros(tensor.shape)),
      second: mapParams(params, (tensor) => tf.zeros(tensor.shape)),
    }),
    update: (params, grads, moments, learningRate) =>
      tf.tidy(() => {
        const gradient = (name: string): tf.Tensor => entry('grads', grads, name);
        const correction1 = towards(tf.scalar(1), moments.correction1, 1 - beta1);
        const correction2 = towards(tf.scalar(1), moments.correction2, 1 - beta2);
        const first = mapParams(params, (_, name) =>
          towards(gradient(name), entry('moments.first', moments.first, name), 1 - beta1),
        );
        const second = mapParams(params, (_, name) =>
          towards(tf.square(gradient(name)), entry('moments.second', moments.second, name), 1 - beta2),
        );
        // α·(m/c₁)/(√(v/c₂) + ε) with both corrections in scalars: two passes fewer over every tensor.
        const root = tf.sqrt(correction2);
        const rate = tf.div(tf.mul(learningRate, root), correction1);
        const floor = tf.mul(root, eps);
        return {
          params: mapParams(params, (tensor, name) =>
            tf.sub(
              tensor,
              tf.mul(tf.div(entry('', first, name), tf.add(tf.sqrt(entry('', second, name)), floor)), rate),
            ),
          ),
          moments: { step: tf.add(moments.step, 1), correction1, correction2, first, second },
        };
      }),
  };
}

/** `from + share·(to − from)`. */
const towards = (to: tf.Tensor, from: tf.Tensor, share: number): tf.Tensor =>
  tf.add(from, tf.mul(tf.sub(to, from), share));

function entry(which: string, params: Params, name: string): tf.Tensor {
  const tensor = params[name];
  if (!tensor)
    throw new RangeError(`adam: expected ${which} to hold ${name}, got nothing. Pass moments made by init(params).`);
  return tensor;
}

function assertBeta(name: string, value: number): void {
  if (!(value >= 0 && value < 1))
    throw new RangeError(`adam: expected 0 ≤ ${name} < 1, got ${value}. 0.9 and 0.99 are EDM2's.`);
}
