import { type Data, type Graph, type Node, newValue, sameShape, sizeOf, toData, type Value } from '../graph/graph.js';
import { BINARY, COMPARE } from '../kernels/elementwise.js';
import { at } from '../kernels/spec.js';

const BROADCASTING: ReadonlySet<string> = new Set([...BINARY, ...COMPARE, 'Select']);

/**
 * Replaces operands that are smaller than they look where broadcasting gives the same: those whose elements are all equal
 * (`zerosLike`, `onesLike`, `fill`, constants of one value) by a scalar, and tensors spread over a shape (`sum`'s gradient
 * multiplies by ones) by what was spread. Nothing of the full size is then made or read.
 */
export function shrinkUniformOperands(graph: Graph): Graph {
  const constants = new Map<Value, Data>(graph.constants);
  const known = knownOf(graph);
  const scalars = new Map<string, Value>();
  const scalar = (value: Value, x: number): Value => {
    const key = `${value.dtype}:${Object.is(x, -0) ? '-0' : x}`;
    const same = scalars.get(key);
    if (same !== undefined) return same;
    const made = newValue([], value.dtype);
    scalars.set(key, made);
    constants.set(made, toData([x], value.dtype));
    return made;
  };
  const smaller = (value: Value): Value | undefined => {
    const x = known.uniform.get(value);
    if (x === undefined) return known.spread.get(value);
    return value.shape.length === 0 && constants.has(value) ? undefined : scalar(value, x);
  };
  const nodes = graph.nodes.map((node): Node => {
    note(node, known);
    if (!BROADCASTING.has(node.kernel)) return node;
    const { shape } = at(node.outputs, 0);
    const inputs = [...node.inputs];
    inputs.forEach((input, i) => {
      // Another operand must still give the result its shape.
      const shaped = inputs.some((other, k) => k !== i && sameShape(other.shape, shape));
      if (shaped && !(node.kernel === 'Select' && i === 0)) inputs[i] = smaller(input) ?? input;
    });
    return { ...node, inputs };
  });
  return { ...graph, constants, nodes };
}

interface Known {
  /** Values whose elements all equal a number. */
  readonly uniform: Map<Value, number>;
  /** Values that are a smaller tensor, broadcast. */
  readonly spread: Map<Value, Value>;
}

function knownOf(graph: Graph): Known {
  const uniform = new Map<Value, number>();
  for (const [value, data] of graph.constants) {
    const first = data[0];
    if (first !== undefined && data.every((x) => Object.is(x, first))) uniform.set(value, first);
  }
  return { uniform, spread: new Map() };
}

/** Records what a node's output is known to be. */
function note(node: Node, { uniform, spread }: Known): void {
  const output = at(node.outputs, 0);
  if (sizeOf(output.shape) === 0) return;
  if (node.kernel === 'ZerosLike') uniform.set(output, 0);
  else if (node.kernel === 'OnesLike') uniform.set(output, 1);
  else if (node.kernel === 'Fill') uniform.set(output, Number(node.attrs['value']));
  else if (['Reshape', 'ExpandDims', 'Transpose', 'Tile', 'BroadcastTo'].includes(node.kernel)) {
    const x = uniform.get(at(node.inputs, 0));
    if (x !== undefined) uniform.set(output, x);
  }
  if (node.kernel !== 'Multiply' && node.kernel !== 'BroadcastTo') return;
  const [a, b] = [at(node.inputs, 0), node.inputs[1]];
  const source = b === undefined || uniform.get(b) === 1 ? a : uniform.get(a) === 1 ? b : undefined;
  if (source !== undefined && sizeOf(source.shape) < sizeOf(output.shape))
    spread.set(output, spread.get(source) ?? source);
}
