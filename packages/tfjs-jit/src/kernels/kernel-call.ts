import type { NamedTensorInfoMap, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import type { NamedTensors } from '../decompose/decomposition.js';
import { DECOMPOSITIONS } from '../decompose/table.js';
import { graphBuilder } from '../graph/builder.js';
import { type Attributes, type DType, type Graph, newValue } from '../graph/graph.js';
import { simplify } from '../passes/simplify.js';
import { positional } from './positional.js';
import { KERNELS } from './table.js';

/** Every kernel that can be compiled, as it is or written with simpler ones. */
export const COMPILED_KERNELS: readonly string[] = [
  ...new Set([...Object.keys(KERNELS), ...Object.keys(DECOMPOSITIONS)]),
];

/**
 * Runs a kernel as the simpler ops that it is written with, on the current backend.
 *
 * @returns undefined for a call that needs no taking apart.
 */
export const runDecomposed = (
  kernel: string,
  inputs: NamedTensorInfoMap,
  attrs: object,
): Tensor | Tensor[] | undefined => DECOMPOSITIONS[kernel]?.(inputs as NamedTensors, attrs as Attributes);

/** Tensors of a kernel call in the order of a graph's inputs. */
export function kernelInputs(kernel: string, inputs: NamedTensorInfoMap): TensorInfo[] {
  const spec = KERNELS[kernel];
  return spec === undefined ? [] : positional(kernel, spec, inputs);
}

/**
 * The graph of one kernel call, for engines that run op by op what they compile.
 *
 * @param inputs - tensors by position; only shapes and dtypes count.
 * @throws {Error} for what the kernel does not take.
 */
export function kernelGraph(kernel: string, inputs: readonly TensorInfo[], attrs: object, op: string): Graph {
  const spec = KERNELS[kernel];
  if (spec === undefined)
    throw new Error(`tfjs-jit: expected a kernel that can be compiled, got ${kernel}. Report it.`);
  const builder = graphBuilder();
  const given = inputs.map(({ shape, dtype }) => newValue(shape, dtype as DType));
  const inferred = spec.infer(
    given,
    attrs as Attributes,
    given.map(() => undefined),
  );
  const outputs = builder.node(kernel, given, inferred.attrs, inferred.outputs, { op });
  return simplify(builder.build(given, outputs));
}
