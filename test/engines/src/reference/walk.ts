import { at, checkNodeIndices, type Data, evaluateOn, type Graph, type Node, type Value } from '@edm2/tfjs-jit/graph';

const onCpu = evaluateOn('cpu');

/**
 * Computes a graph, kernel after kernel, with TensorFlow.js's cpu kernels.
 *
 * @param inputs - one per input of the graph.
 * @returns one per output.
 */
export function walk(graph: Graph, inputs: readonly Data[]): Data[] {
  const values = new Map<Value, Data>(graph.constants);
  graph.inputs.forEach((input, i) => void values.set(input, at(inputs, i)));
  const of = (value: Value): Data => {
    const data = values.get(value);
    if (data === undefined)
      throw new Error(`reference: expected value ${value.id} to be made before its use, got none.`);
    return data;
  };
  for (const node of graph.nodes) {
    const made = run(node, node.inputs.map(of));
    node.outputs.forEach((output, i) => void values.set(output, at(made, i)));
  }
  return graph.outputs.map(of);
}

function run(node: Node, inputs: readonly Data[]): readonly Data[] {
  checkNodeIndices(node, inputs);
  // It computes nothing: what it requires has just been checked.
  if (node.kernel === 'Require') return [at(inputs, 0)];
  const made = onCpu(node, inputs);
  if (made === undefined)
    throw new Error(`reference: expected ${node.kernel} (tf.${node.op}) to run on cpu, got an error.`);
  return made;
}
