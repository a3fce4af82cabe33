import { at, type Value } from '@edm2/tfjs-jit/graph';
import type { Lowerings } from './emitter.js';

const swapped = (rank: number): number[] => [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];

/** Matrix products. */
export const matmul: Lowerings = {
  BatchMatMul(node, e) {
    const [a, b] = [at(node.inputs, 0), at(node.inputs, 1)];
    const [rankA, rankB] = [a.shape.length, b.shape.length];
    const [transposeA, transposeB] = [node.attrs['transposeA'] === true, node.attrs['transposeB'] === true];
    if (a.dtype === 'float32') return e.matmul(e.name(a), e.name(b), { transposeA, transposeB, rankA, rankB });
    // ONNX Runtime's own operator, which transposes for free, is for floats only.
    const turned = (value: Value, transpose: boolean): string =>
      transpose ? e.transpose(e.name(value), swapped(value.shape.length)) : e.name(value);
    return e.op('MatMul', [turned(a, transposeA), turned(b, transposeB)]);
  },
};
