import { at } from '@edm2/tfjs-jit/graph';
import type { Lowerings } from './emitter.js';

/** Matrix products. */
export const matmul: Lowerings = {
  BatchMatMul(node, e) {
    const [a, b] = [at(node.inputs, 0), at(node.inputs, 1)];
    const transposeA = { bool: node.attrs['transposeA'] === true };
    const transposeB = { bool: node.attrs['transposeB'] === true };
    const factors = [e.ref(a), e.ref(b)];
    if (a.shape.length === 2 && b.shape.length === 2) {
      return e.op('MatMul', factors, { transpose_a: transposeA, transpose_b: transposeB });
    }
    return e.op('BatchMatMulV2', factors, { adj_x: transposeA, adj_y: transposeB });
  },
};
