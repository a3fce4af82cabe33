import { at } from '@edm2/tfjs-jit/graph';
import type { Lowerings, Ref } from './emitter.js';

/** Name of the node that makes a tensor, whichever of its outputs the tensor is. */
const nodeOf = ({ name }: Ref): string => name.replace(/:\d+$/, '');

/** Kernels that say when something may be computed. */
export const order: Lowerings = {
  // Looks up the only element of a table, or one behind it, which is refused; x goes on when that is done.
  Require(node, e) {
    const [x, wrong] = node.inputs.map((input) => e.ref(input)) as [Ref, Ref];
    const int32 = { type: 'int32' } as const;
    const attrs = { Tparams: int32, Tindices: int32, Taxis: int32, batch_dims: { int: 0 } };
    const table = e.ints([0]);
    const [found] = e.node('GatherV2', [table, wrong, e.scalar(0, 'int32')], attrs, ['int32']) as [Ref];
    return at(e.node('Identity', [x], { T: { type: x.dtype } }, [x.dtype], [nodeOf(found)]), 0);
  },
  Barrier(node, e) {
    const [x, ...after] = node.inputs.map((input) => e.ref(input)) as [Ref, ...Ref[]];
    return at(e.node('Identity', [x], { T: { type: x.dtype } }, [x.dtype], after.map(nodeOf)), 0);
  },
};
