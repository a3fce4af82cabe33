import { type Graph, type Node, sizeOf, type Value } from './graph.js';

/** Looks at how values of a graph were computed. */
export interface Matcher {
  /** The node that computed a value, if its kernel is `kernel`. */
  made(value: Value | undefined, kernel: string): Node | undefined;
  /** Both operands of a commutative kernel, in either order. */
  operands(value: Value | undefined, kernel: string): readonly (readonly [Value, Value])[];
  /** The number of a constant of one element. */
  number(value: Value): number | undefined;
}

/** The node that makes each value; none for inputs and constants. */
export const producersOf = (graph: Graph): Map<Value, Node> =>
  new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));

/** How often each value is used, as an operand or as an output of the graph. */
export function usesOf(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const use = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  graph.outputs.forEach(use);
  for (const node of graph.nodes) node.inputs.forEach(use);
  return uses;
}

/** A matcher for a graph. */
export function matcher(graph: Graph): Matcher {
  const producers = producersOf(graph);
  const made = (value: Value | undefined, kernel: string): Node | undefined => {
    const node = value && producers.get(value);
    return node?.kernel === kernel ? node : undefined;
  };
  return {
    made,
    operands(value, kernel) {
      const [a, b] = made(value, kernel)?.inputs ?? [];
      return a === undefined || b === undefined
        ? []
        : [
            [a, b],
            [b, a],
          ];
    },
    number(value) {
      const data = graph.constants.get(value);
      return data?.length === 1 ? data[0] : undefined;
    },
  };
}

/** True for a tensor of one element, whatever its axes. */
export const isScalar = (value: Value): boolean => sizeOf(value.shape) === 1;
