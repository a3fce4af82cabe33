import { at, type Graph, type Node, removeDeadCode, sizeOf, type Value } from '@edm2/tfjs-jit/graph';
import { isInText } from './emitter.js';

/** A graph in two: what is computed once, of constants alone, and what every call computes. */
export interface TwoParts {
  /** No inputs; its outputs are `derived`. Undefined where nothing is worth it. */
  readonly once: Graph | undefined;
  /** Takes the derived values as further inputs, which are not among its `inputs`. */
  readonly main: Graph;
  readonly derived: readonly Value[];
}

/** A result that has more than so many times its operands' elements is left to every call: it would cost memory instead. */
const MAX_GROWTH = 4;

/** Kernels that stand where they stand. */
const STAYING: ReadonlySet<string> = new Set(['Barrier', 'Require']);

/**
 * Takes out what depends on large constants alone, such as the norms of constant weights. XLA folds what is written into the module; large
 * constants are arguments of it, which it must take for variables.
 */
export function takeConstantPart(graph: Graph): TwoParts {
  const constant = new Set<Value>(graph.constants.keys());
  const large = new Set([...graph.constants].filter(([, data]) => !isInText(data)).map(([value]) => value));
  const taken = new Set<Node>();
  for (const node of graph.nodes) {
    if (STAYING.has(node.kernel) || !node.inputs.every((value) => constant.has(value))) continue;
    const given = node.inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    if (node.outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0) > MAX_GROWTH * given) continue;
    for (const output of node.outputs) constant.add(output);
    if (!node.inputs.some((value) => large.has(value))) continue;
    for (const output of node.outputs) large.add(output);
    taken.add(node);
  }
  const made = new Set([...taken].flatMap(({ outputs }) => outputs));
  const rest = graph.nodes.filter((node) => !taken.has(node));
  const used = [...rest.flatMap(({ inputs }) => inputs), ...graph.outputs];
  const derived = [...new Set(used.filter((value) => made.has(value)))];
  if (derived.length === 0) return { once: undefined, main: graph, derived };
  const nodes = graph.nodes.filter((node) => constant.has(at(node.outputs, 0)));
  return {
    once: removeDeadCode({ inputs: [], constants: graph.constants, nodes, outputs: derived }),
    main: { ...graph, nodes: rest },
    derived,
  };
}
