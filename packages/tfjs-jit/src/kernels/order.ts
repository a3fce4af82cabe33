import { first, type KernelSpecs, result } from './spec.js';

/** Kernels of ours that compute nothing and say when something may be computed. */
export const order: KernelSpecs = {
  /** The first input, once all the others are there. */
  Barrier: { inputs: 'list', infer: (inputs) => result(first(inputs).shape, first(inputs).dtype) },
};
