import { at } from '../../kernels/spec.js';
import type { Lowerings, Ref } from './emitter.js';

/** Name of the node that makes a tensor, whichever of its outputs the tensor is. */
const nodeOf = ({ name }: Ref): string => name.replace(/:\d+$/, '');

/** Kernels that say when something may be computed. */
export const order: Lowerings = {
  Barrier(node, e) {
    const [x, ...after] = node.inputs.map((input) => e.ref(input)) as [Ref, ...Ref[]];
    return at(e.node('Identity', [x], { T: { type: x.dtype } }, [x.dtype], after.map(nodeOf)), 0);
  },
};
