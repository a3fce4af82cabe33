import { type Graph, type Node, producersOf } from '@edm2/tfjs-jit/graph';

/**
 * The order in which ONNX Runtime runs a graph: looked for backwards from the results, every node right after the last of
 * what it needs.
 */
export function depthFirst(graph: Graph): readonly Node[] {
  const position = new Map(graph.nodes.map((node, i) => [node, i]));
  const producers = producersOf(graph);
  const needed = new Map<Node, Node[]>();
  const used = new Set<Node>();
  for (const node of graph.nodes) {
    const others = [...new Set(node.inputs.flatMap((input) => producers.get(input) ?? []))];
    needed.set(
      node,
      others.sort((a, b) => (position.get(a) ?? 0) - (position.get(b) ?? 0)),
    );
    for (const other of others) used.add(other);
  }
  const entered = new Set<Node>();
  const order: Node[] = [];
  const stack = graph.nodes.filter((node) => !used.has(node)).map((node) => ({ node, leave: false }));
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { node, leave } = entry;
    if (leave) order.push(node);
    else if (!entered.has(node)) {
      entered.add(node);
      stack.push({ node, leave: true });
      // The last that was traced comes out first.
      for (const other of needed.get(node) ?? []) if (!entered.has(other)) stack.push({ node: other, leave: false });
    }
  }
  return order;
}
