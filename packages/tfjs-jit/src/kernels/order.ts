import { checkIndices } from './index-errors.js';
import { first, type KernelSpecs, result, text } from './spec.js';

/** Kernels of ours that compute nothing and say when something may be computed. */
export const order: KernelSpecs = {
  /** The first input, once all the others are there. */
  Barrier: { inputs: 'list', infer: (inputs) => result(first(inputs).shape, first(inputs).dtype) },
  /** The first input, unless the second, an int32 without axes, is 1: then an error that says `words`. */
  Require: {
    inputs: ['x', 'wrong'],
    infer(inputs, attrs, known) {
      checkIndices('Require', inputs, attrs, known);
      return result(first(inputs).shape, first(inputs).dtype, { words: text(attrs, 'words') });
    },
  },
};
