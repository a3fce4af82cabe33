import { engine, getKernel, type KernelBackend, type TensorInfo } from '@tensorflow/tfjs-core';
import { at } from '../kernels/spec.js';
import { KERNELS } from '../kernels/table.js';
import { type Data, type Graph, type Node, toData, type Value } from './graph.js';

/** Runs one kernel call on TensorFlow.js's cpu backend; undefined where that or the kernel is not there. */
export type Evaluate = (node: Node, inputs: readonly Data[]) => readonly Data[] | undefined;

/**
 * Runs kernels on the cpu backend at compile time.
 *
 * Only kernels in TensorFlow.js's own layout can be run so: before the layout pass.
 */
export const evaluateOnCpu: Evaluate = (node, inputs) => {
  const kernel = getKernel(node.kernel, 'cpu');
  const spec = KERNELS[node.kernel];
  const backend = engine().findBackend('cpu');
  if (kernel === undefined || spec === undefined || backend === null || backend === undefined) return undefined;
  const given = node.inputs.map((value, i) => info(backend, value, at(inputs, i)));
  const named = spec.inputs === 'list' ? given : Object.fromEntries(spec.inputs.map((name, i) => [name, at(given, i)]));
  const made = kernel.kernelFunc({ inputs: named as never, attrs: node.attrs as never, backend });
  const outputs = Array.isArray(made) ? made : [made];
  const data = outputs.map((output, i) => {
    const values = backend.readSync(output.dataId);
    return toData(values as ArrayLike<number>, at(node.outputs, i).dtype).slice();
  });
  for (const tensor of [...given, ...outputs]) backend.disposeData(tensor.dataId, true);
  return data;
};

function info(backend: KernelBackend, value: Value, data: Data): TensorInfo {
  return { dataId: backend.write(data, [...value.shape], value.dtype), shape: [...value.shape], dtype: value.dtype };
}

/** Runs a whole graph on the cpu backend: what every pass must leave unchanged. For tests. */
export function evaluateGraph(graph: Graph, inputs: readonly Data[]): Data[] {
  const values = new Map<Value, Data>(graph.constants);
  graph.inputs.forEach((input, i) => void values.set(input, at(inputs, i)));
  const of = (value: Value): Data =>
    at(
      [values.get(value)].filter((data) => data !== undefined),
      0,
    );
  for (const node of graph.nodes) {
    const made = evaluateOnCpu(node, node.inputs.map(of));
    if (made === undefined) throw new Error(`tfjs-jit: expected ${node.kernel} to run on cpu, got no such kernel.`);
    node.outputs.forEach((output, i) => void values.set(output, at(made, i)));
  }
  return graph.outputs.map(of);
}
