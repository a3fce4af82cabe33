import { backend_util } from '@tensorflow/tfjs-core';
import { at, first, type KernelSpecs, result } from './spec.js';

/** Matrix products. */
export const matmul: KernelSpecs = {
  BatchMatMul: {
    inputs: ['a', 'b'],
    infer(inputs, attrs) {
      const a = first(inputs);
      const b = at(inputs, 1);
      const transposeA = attrs['transposeA'] === true;
      const transposeB = attrs['transposeB'] === true;
      const batch = backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
      const rows = at(a.shape, a.shape.length - (transposeA ? 1 : 2));
      const columns = at(b.shape, b.shape.length - (transposeB ? 2 : 1));
      return result([...batch, rows, columns], a.dtype, { transposeA, transposeB });
    },
  },
};
