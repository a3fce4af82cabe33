import { at, type Data, type Graph, type Node, numbers, type Value } from '@edm2/tfjs-jit/graph';
import { transposeData } from '../permutation.js';

/** Transposes and reshapes constants once, at compile time, whatever their size: weights lie as their kernels want them. */
export function moveConstants(graph: Graph): Graph {
  const constants = new Map<Value, Data>(graph.constants);
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const x = node.inputs[0];
    const data = x && constants.get(x);
    if (data === undefined || x === undefined) nodes.push(node);
    else if (node.kernel === 'Reshape') constants.set(at(node.outputs, 0), data);
    else if (node.kernel === 'Transpose') {
      constants.set(at(node.outputs, 0), transposeData(data, x.shape, numbers(node.attrs, 'perm')));
    } else nodes.push(node);
  }
  return { ...graph, constants, nodes };
}
