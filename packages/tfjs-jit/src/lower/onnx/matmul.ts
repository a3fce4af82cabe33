import { at } from '../../kernels/spec.js';
import type { Lowerings } from './emitter.js';

/** Matrix products. */
export const matmul: Lowerings = {
  BatchMatMul: (node, e) =>
    e.matmul(e.name(at(node.inputs, 0)), e.name(at(node.inputs, 1)), {
      transposeA: node.attrs['transposeA'] === true,
      transposeB: node.attrs['transposeB'] === true,
      rankA: at(node.inputs, 0).shape.length,
      rankB: at(node.inputs, 1).shape.length,
    }),
};
