import { at, type Node, number } from '@edm2/tfjs-jit/graph';
import type { Emitter, Lowerings, Ref } from './emitter.js';

const arg = (node: Node, e: Emitter, index: number): Ref => e.ref(at(node.inputs, index));
const INDICES = { Tindices: { type: 'int32' } } as const;

/** A vector of indices as rows of one. */
function rows(node: Node, index: number, e: Emitter): Ref {
  const { shape } = at(node.inputs, index);
  return shape.length > 1 ? arg(node, e, index) : e.reshape(arg(node, e, index), [shape[0] ?? 1, 1]);
}

/** Kernels that pick and place elements by index, and bits. */
export const indexing: Lowerings = {
  GatherNd(node, e) {
    const x = arg(node, e, 0);
    return at(e.node('GatherNd', [x, arg(node, e, 1)], { Tparams: { type: x.dtype }, ...INDICES }, [x.dtype]), 0);
  },
  ScatterNd(node, e) {
    const updates = arg(node, e, 1);
    const attrs = { T: { type: updates.dtype }, ...INDICES };
    const shape = e.ints(at(node.outputs, 0).shape);
    return at(e.node('ScatterNd', [rows(node, 0, e), updates, shape], attrs, [updates.dtype]), 0);
  },
  TensorScatterUpdate: (node, e) =>
    e.op('TensorScatterUpdate', [arg(node, e, 0), rows(node, 1, e), arg(node, e, 2)], INDICES),
  TopK(node, e) {
    const x = arg(node, e, 0);
    const k = e.scalar(number(node.attrs, 'k'), 'int32');
    return e.node('TopKV2', [x, k], { T: { type: x.dtype }, sorted: { bool: true } }, [x.dtype, 'int32']);
  },
  BitwiseAnd: (node, e) => e.op('BitwiseAnd', [arg(node, e, 0), arg(node, e, 1)]),
};
