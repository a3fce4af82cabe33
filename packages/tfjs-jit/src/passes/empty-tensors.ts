import type { Evaluate } from '../graph/evaluate.js';
import { type Data, type Graph, type Node, newValue, sizeOf, toData, type Value } from '../graph/graph.js';
import { at } from '../kernels/spec.js';

const isEmpty = (value: Value): boolean => sizeOf(value.shape) === 0;

/**
 * Makes constants of all tensors without elements, and of what reductions and products make of them: engines refuse much of
 * what TensorFlow.js takes here. Concatenations go without them.
 *
 * @param evaluate - runs one kernel as TensorFlow.js does.
 */
export function removeEmptyTensors(graph: Graph, evaluate: Evaluate): Graph {
  const constants = new Map<Value, Data>(graph.constants);
  const arguments_ = new Map<Value, Value>();
  for (const value of graph.inputs.filter(isEmpty)) arguments_.set(value, newValue(value.shape, value.dtype));
  const current = (value: Value): Value => arguments_.get(value) ?? value;
  for (const value of arguments_.values()) constants.set(value, toData([], value.dtype));
  const nodes = graph.nodes.flatMap((node): Node[] => {
    for (const output of node.outputs) if (isEmpty(output)) constants.set(output, toData([], output.dtype));
    if (node.outputs.every(isEmpty)) return [];
    const inputs = node.inputs.map(current);
    const known = inputs.map((value) => constants.get(value)).filter((data) => data !== undefined);
    const made = known.length === inputs.length && inputs.some(isEmpty) ? evaluate(node, known) : undefined;
    if (made !== undefined) {
      node.outputs.forEach((output, i) => void constants.set(output, at(made, i)));
      return [];
    }
    return [{ ...node, inputs: node.kernel === 'Concat' ? inputs.filter((value) => !isEmpty(value)) : inputs }];
  });
  return { ...graph, constants, nodes, outputs: graph.outputs.map(current) };
}
