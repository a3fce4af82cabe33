import type { Evaluate } from '../graph/evaluate.js';
import { type Data, type Graph, type Node, sizeOf, type Value } from '../graph/graph.js';
import { at } from '../kernels/spec.js';

/** Larger tensors are left to the engine, which folds them with its own kernels: faster, and nothing is held twice. */
const MAX_FOLDED = 1 << 16;

/**
 * Computes at compile time what depends on constants alone: normalised weights of a sampler, masks, ranges.
 *
 * @param evaluate - runs one kernel; what it declines stays in the graph.
 * @param limit - elements of the largest tensor that is folded.
 */
export function foldConstants(graph: Graph, evaluate: Evaluate, limit = MAX_FOLDED): Graph {
  const constants = new Map<Value, Data>(graph.constants);
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const known = node.inputs.map((input) => constants.get(input));
    const small = [...node.inputs, ...node.outputs].every((value) => sizeOf(value.shape) <= limit);
    const made = small && known.every((data) => data !== undefined) ? evaluate(node, known) : undefined;
    if (made === undefined) nodes.push(node);
    else node.outputs.forEach((output, i) => void constants.set(output, at(made, i)));
  }
  return { ...graph, constants, nodes };
}
