import { type Graph, type Node, sizeOf, type Value } from '../../graph/graph.js';

/** Looks at how values were computed. */
export interface Matcher {
  /** The node that computed a value, if its kernel is `kernel`. */
  made(value: Value | undefined, kernel: string): Node | undefined;
  /** Both operands of a commutative kernel, in either order. */
  operands(value: Value | undefined, kernel: string): readonly (readonly [Value, Value])[];
  /** The number of a constant of one element. */
  number(value: Value): number | undefined;
}

/** A matcher for a graph. */
export function matcher(graph: Graph): Matcher {
  const producers = new Map<Value, Node>();
  for (const node of graph.nodes) for (const output of node.outputs) producers.set(output, node);
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
