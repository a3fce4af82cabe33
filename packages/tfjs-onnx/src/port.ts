import type { DType } from '@edm2/tfjs-jit/graph';
import type { Permutation } from './permutation.js';

/** One input or output of a compiled function, as the engine must hold it. */
export interface Port {
  /** Name in the model; none for a tensor that is in a bundle only. */
  readonly name: string | undefined;
  /** Shape as TensorFlow.js sees it. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Order of axes in memory: physical axis `i` holds logical axis `order[i]`. The model's own shape is permuted so. */
  readonly order: Permutation;
}

/** Float tensors that lie one behind the other in one array, of which the model takes or gives stretches, all rank 1. */
export interface PortBundle {
  /** Positions of the ports, in memory order. */
  readonly members: readonly number[];
  readonly chunks: readonly { readonly name: string; readonly offset: number; readonly length: number }[];
}
