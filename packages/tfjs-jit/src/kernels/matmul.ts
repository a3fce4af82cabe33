import { backend_util, util } from '@tensorflow/tfjs-core';
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
      // As the cpu kernel has them, also where a factor has fewer than two axes.
      const innerA = a.shape[a.shape.length - (transposeA ? 2 : 1)];
      const innerB = b.shape[b.shape.length - (transposeB ? 1 : 2)];
      util.assert(
        innerA === innerB,
        () =>
          `Error in matMul: inner shapes (${innerA}) and (${innerB}) of Tensors with shapes ${a.shape} and ` +
          `${b.shape} and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
      );
      util.assert(
        a.shape.length > 1 && b.shape.length > 1,
        () => `Error in matMul: expected factors of two axes or more, got shapes ${a.shape} and ${b.shape}.`,
      );
      const rows = at(a.shape, a.shape.length - (transposeA ? 1 : 2));
      const columns = at(b.shape, b.shape.length - (transposeB ? 2 : 1));
      return result([...batch, rows, columns], a.dtype, { transposeA, transposeB });
    },
  },
};
