import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelSpec } from './spec.js';

/** Inputs of a kernel call in the order of its specification. */
export function positional(name: string, spec: KernelSpec, inputs: NamedTensorInfoMap): TensorInfo[] {
  if (spec.inputs === 'list') return Object.values(inputs).filter((tensor) => tensor !== undefined);
  return spec.inputs.map((input) => {
    const tensor = inputs[input];
    if (tensor === undefined) throw new TypeError(`jit: expected input ${input} of kernel ${name}, got none.`);
    return tensor;
  });
}
