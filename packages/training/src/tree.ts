import type { Params } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';

export type { Params };

/** A tree of named tensors, as `jit` takes and returns it. */
export type TensorTree = { [name: string]: tf.Tensor | TensorTree };

/** A tensor for every name of `params`. */
export function mapParams(params: Params, value: (tensor: tf.Tensor, name: string) => tf.Tensor): Params {
  return Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name, value(tensor, name)]));
}

/** The named entries alone, in the order of the names; the same tensors. */
export function pick(params: Params, names: readonly string[]): Params {
  return Object.fromEntries(names.flatMap((name) => (params[name] ? [[name, params[name]]] : [])));
}

/**
 * Disposes every tensor of a training's trees: a state, a batch, gradients, metrics. `tf.dispose` does the same, but for its type, which
 * has no optional entries.
 */
export const disposeTree = (tree: { readonly [name: string]: unknown } | readonly unknown[]): void =>
  tf.dispose(tree as tf.TensorContainer);
