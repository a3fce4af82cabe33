import type { Attributes } from '../graph/graph.js';
import { asDType, type KernelSpecs, number, numbers, result } from './spec.js';

/** Kernels that make elements of nothing. */
export const made: KernelSpecs = {
  Fill: {
    inputs: [],
    infer: (_, attrs) => {
      const dtype = asDType(attrs['dtype'] ?? 'float32');
      return result(numbers(attrs, 'shape'), dtype, { shape: numbers(attrs, 'shape'), value: attrs['value'], dtype });
    },
  },
  Range: {
    inputs: [],
    infer: (_, attrs) => {
      const dtype = asDType(attrs['dtype'] ?? 'float32');
      return result([rangeValues({ ...attrs, dtype }).length], dtype, { ...attrs, dtype });
    },
  },
};

/** The numbers of a range, as the cpu kernel counts them. */
export function rangeValues(attrs: Attributes): Float32Array | Int32Array {
  const [start, stop, given] = [number(attrs, 'start'), number(attrs, 'stop'), number(attrs, 'step')];
  const none = start === stop || (start < stop && given < 0) || (stop < start && given > 1);
  const length = none ? 0 : Math.abs(Math.ceil((stop - start) / given));
  const step = stop < start && given === 1 ? -1 : given;
  if (attrs['dtype'] !== 'int32') return Float32Array.from({ length }, (_, i) => start + i * step);
  // Whole numbers from step to step, so that a step below 1 never leaves the start.
  const values = new Int32Array(length);
  values[0] = start;
  for (let i = 1; i < length; i++) values[i] = (values[i - 1] ?? 0) + step;
  return values;
}
