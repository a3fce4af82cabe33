import { type Data, type Graph, type Node, newValue, sameShape, sizeOf, toData, type Value } from '../graph/graph.js';
import { BINARY, COMPARE } from '../kernels/elementwise.js';
import { at } from '../kernels/spec.js';

const BROADCASTING: ReadonlySet<string> = new Set([...BINARY, ...COMPARE, 'Select']);

/**
 * Replaces operands whose elements are all equal (`zerosLike`, `onesLike`, `fill`, constants of one value) by a scalar
 * where broadcasting gives the same: nothing of their size is then made or read.
 */
export function shrinkUniformOperands(graph: Graph): Graph {
  const constants = new Map<Value, Data>(graph.constants);
  const uniform = new Map<Value, number>();
  const scalars = new Map<string, Value>();
  for (const [value, data] of graph.constants) {
    const first = data[0];
    if (value.shape.length > 0 && first !== undefined && data.every((x) => Object.is(x, first)))
      uniform.set(value, first);
  }
  const scalar = (value: Value, x: number): Value => {
    const key = `${value.dtype}:${Object.is(x, -0) ? '-0' : x}`;
    const known = scalars.get(key);
    if (known !== undefined) return known;
    const made = newValue([], value.dtype);
    scalars.set(key, made);
    constants.set(made, toData([x], value.dtype));
    return made;
  };
  const nodes = graph.nodes.map((node): Node => {
    note(node, uniform);
    if (!BROADCASTING.has(node.kernel)) return node;
    const { shape } = at(node.outputs, 0);
    const inputs = [...node.inputs];
    inputs.forEach((input, i) => {
      const x = uniform.get(input);
      // Another operand must still give the result its shape.
      const shaped = inputs.some((other, k) => k !== i && sameShape(other.shape, shape));
      if (x !== undefined && shaped && !(node.kernel === 'Select' && i === 0)) inputs[i] = scalar(input, x);
    });
    return { ...node, inputs };
  });
  return { ...graph, constants, nodes };
}

/** Records a kernel's output when all its elements are equal. */
function note(node: Node, uniform: Map<Value, number>): void {
  const output = at(node.outputs, 0);
  if (sizeOf(output.shape) === 0) return;
  if (node.kernel === 'ZerosLike') uniform.set(output, 0);
  else if (node.kernel === 'OnesLike') uniform.set(output, 1);
  else if (node.kernel === 'Fill') uniform.set(output, Number(node.attrs['value']));
  else if (['Reshape', 'ExpandDims', 'Transpose', 'Tile', 'BroadcastTo'].includes(node.kernel)) {
    const x = uniform.get(at(node.inputs, 0));
    if (x !== undefined) uniform.set(output, x);
  }
}
