import type * as tf from '@tensorflow/tfjs-core';

/** Named tensors: parameters, gradients, one average. The names are those of the state dict. */
export type Params = Record<string, tf.Tensor>;

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
