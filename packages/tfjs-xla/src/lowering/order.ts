import { at } from '@edm2/tfjs-jit/graph';
import type { Lowerings } from './emitter.js';

/** Kernels that say when something may be computed. */
export const order: Lowerings = {
  // What is wrong is looked at by the check of its index.
  Require: (node, e) => e.ref(at(node.inputs, 0)),
  Barrier(node, e) {
    const operands = node.inputs.map((input) => e.ref(input));
    return at(e.ops('optimization_barrier', operands, operands), 0);
  },
};
