import { backend_util } from '@tensorflow/tfjs-core';
import { checkIndices } from './index-errors.js';
import { at, first, type KernelSpecs, number, numbers, result, tensorInfo } from './spec.js';

/** Kernels that pick and place elements by index. */
export const indexing: KernelSpecs = {
  GatherNd: {
    inputs: ['params', 'indices'],
    infer(inputs, attrs, known) {
      const { shape, dtype } = first(inputs);
      backend_util.prepareAndValidate(tensorInfo(first(inputs)), tensorInfo(at(inputs, 1)));
      checkIndices('GatherNd', inputs, attrs, known);
      const indices = at(inputs, 1).shape;
      const depth = at(indices, indices.length - 1);
      return result([...indices.slice(0, -1), ...shape.slice(depth)], dtype);
    },
  },
  ScatterNd: {
    inputs: ['indices', 'updates'],
    infer: (inputs, attrs, known) => {
      const shape = numbers(attrs, 'shape');
      checkIndices('ScatterNd', inputs, attrs, known);
      return result(shape, at(inputs, 1).dtype, { shape });
    },
  },
  TensorScatterUpdate: {
    inputs: ['tensor', 'indices', 'updates'],
    infer(inputs, attrs, known) {
      checkIndices('TensorScatterUpdate', inputs, attrs, known);
      return result(first(inputs).shape, first(inputs).dtype);
    },
  },
  TopK: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const k = number(attrs, 'k');
      const to = [...shape.slice(0, -1), k];
      const outputs = [
        { shape: to, dtype },
        { shape: to, dtype: 'int32' as const },
      ];
      return { attrs: { k, sorted: true }, outputs };
    },
  },
  BitwiseAnd: {
    inputs: ['a', 'b'],
    infer: (inputs) => result(first(inputs).shape, 'int32'),
  },
};
