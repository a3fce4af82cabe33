import { engine, getKernel, type KernelBackend, Tensor, type TensorInfo, tidy } from '@tensorflow/tfjs-core';
import { checkNodeIndices } from '../kernels/index-errors.js';
import { rangeValues } from '../kernels/made.js';
import { at } from '../kernels/spec.js';
import { KERNELS } from '../kernels/table.js';
import { type Data, type Graph, type Node, sameShape, sizeOf, toData, type Value } from './graph.js';

/** Runs one kernel call on the host; undefined where it cannot. */
export type Evaluate = (node: Node, inputs: readonly Data[]) => readonly Data[] | undefined;

/** Kernels of the cpu backend that write into the tensor that they are given. */
const WRITES_INTO_INPUT: ReadonlySet<string> = new Set(['TensorScatterUpdate']);

/** Operands that may be smaller in a graph, and must have the result's shape on the cpu backend. */
const WHOLE: Readonly<Record<string, readonly number[]>> = { Select: [1, 2], EluGrad: [0, 1] };

/** The shape that the cpu backend's kernel needs an operand in. */
function neededShape({ kernel, inputs, outputs }: Node, i: number): readonly number[] {
  const { shape } = at(inputs, i);
  const result = at(outputs, 0).shape;
  if (WHOLE[kernel]?.includes(i)) return result;
  // It broadcasts factors to each other by counting them off, which is right for a single one alone.
  if (kernel === 'BatchMatMul' && sizeOf(shape.slice(0, -2)) > 1) return [...result.slice(0, -2), ...shape.slice(-2)];
  return shape;
}

/**
 * Runs kernels at compile time on a TensorFlow.js backend whose tensors can be read at once.
 *
 * Only kernels in TensorFlow.js's own layout can be run so: before the layout pass.
 *
 * @param backendName - `'cpu'`, or a backend with copies of its kernels.
 */
export const evaluateOn =
  (backendName: string): Evaluate =>
  (node, inputs) => {
    if (node.kernel === 'Barrier') return [at(inputs, 0)];
    if (node.kernel === 'Range') return [rangeValues(node.attrs)];
    checkNodeIndices(node, inputs);
    const kernel = getKernel(node.kernel, backendName);
    const spec = KERNELS[node.kernel];
    const backend = engine().findBackend(backendName);
    if (kernel === undefined || spec === undefined || backend === null || backend === undefined) return undefined;
    const copy = WRITES_INTO_INPUT.has(node.kernel);
    const data: Data[] = [];
    // Tensors, not bare handles: some backends' kernels ask for their class, and the tidy lets all of them go.
    const run = (): void => {
      const tensor = (made: TensorInfo): TensorInfo =>
        made instanceof Tensor ? made : engine().makeTensorFromTensorInfo(made, backend);
      const given = node.inputs.map((value, i) => {
        const { dtype, shape } = value;
        const data = copy ? at(inputs, i).slice() : at(inputs, i);
        const wide = neededShape(node, i);
        return tensor(info(backend, { dtype, shape: wide }, broadcast(data, shape, wide)));
      });
      const named =
        spec.inputs === 'list' ? given : Object.fromEntries(spec.inputs.map((name, i) => [name, at(given, i)]));
      const made = kernel.kernelFunc({ inputs: named as never, attrs: node.attrs as never, backend });
      (Array.isArray(made) ? made : [made]).map(tensor).forEach((output, i) => {
        const values = backend.readSync(output.dataId);
        const { dtype } = at(node.outputs, i);
        // The cpu backend leaves bytes of any value behind arithmetic on bool.
        const made = toData(values as ArrayLike<number>, dtype);
        data.push(dtype === 'bool' ? Uint8Array.from(made, (x) => Number(x !== 0)) : made.slice());
      });
    };
    try {
      tidy(run);
    } catch {
      // What this backend's kernel does not take, the engine's lowering may.
      return undefined;
    }
    return data;
  };

function info(backend: KernelBackend, { shape, dtype }: Pick<Value, 'shape' | 'dtype'>, data: Data): TensorInfo {
  return { dataId: backend.write(data, [...shape], dtype), shape: [...shape], dtype };
}

/** Data of shape `from`, repeated as broadcasting to shape `to` repeats it. */
function broadcast<T extends Data>(data: T, from: readonly number[], to: readonly number[]): T {
  if (sameShape(from, to)) return data;
  const lacking = to.length - from.length;
  const out = new (data.constructor as new (length: number) => T)(sizeOf(to));
  for (let i = 0; i < out.length; i++) {
    let rest = i;
    let source = 0;
    let stride = 1;
    for (let axis = to.length - 1; axis >= lacking; axis--) {
      const extent = at(from, axis - lacking);
      if (extent !== 1) source += (rest % at(to, axis)) * stride;
      rest = Math.floor(rest / at(to, axis));
      stride *= extent;
    }
    out[i] = data[source] ?? 0;
  }
  return out;
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
  const evaluate = evaluateOn('cpu');
  for (const node of graph.nodes) {
    const made = evaluate(node, node.inputs.map(of));
    if (made === undefined) throw new Error(`tfjs-jit: expected ${node.kernel} to run on cpu, got no such kernel.`);
    node.outputs.forEach((output, i) => void values.set(output, at(made, i)));
  }
  return graph.outputs.map(of);
}
