import type { Graph, Node, Value } from '../graph/graph.js';

/** Drops nodes and constants that no output needs. Inputs stay: they are the function's arguments. */
export function removeDeadCode(graph: Graph): Graph {
  const live = new Set<Value>(graph.outputs);
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    nodes.push(node);
    for (const input of node.inputs) live.add(input);
  }
  const constants = new Map([...graph.constants].filter(([value]) => live.has(value)));
  return { ...graph, constants, nodes: nodes.reverse() };
}
