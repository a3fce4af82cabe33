import type * as tf from '@tensorflow/tfjs-core';

/** Named tensors: a network's parameters, their gradients, one average of them. The names are those of the files' state dicts. */
export type Params = Record<string, tf.Tensor>;

/** What a parameter is for; `'buffer'` is fixed, everything else is trained, forced weight normalisation acts on `'weight'`. */
export type ParameterKind = 'weight' | 'gain' | 'bias' | 'norm' | 'buffer';

/** One named tensor of a network, in TensorFlow.js's layout. */
export interface ParameterSpec {
  /** The state-dict name, the same in files and in code: `unet.enc.64x64_conv.weight`. */
  readonly name: string;
  /** Filters `[H, W, in, out]`, dense kernels `[in, out]`, vectors `[C]`, scalars `[]`. */
  readonly shape: readonly number[];
  readonly kind: ParameterKind;
}

/** A tensor as files hold it: PyTorch's layout, row-major. */
export interface StateDictEntry {
  shape: number[];
  data: Float32Array;
}

/** Tensors by state-dict name in PyTorch's layout: filters `[out, in, H, W]`, dense kernels `[out, in]`. */
export type StateDict = Record<string, StateDictEntry>;
