import { at, type Data, type Graph, PASSES, type Pass } from '@edm2/tfjs-jit/graph';
import { walk } from './walk.js';

/** Passes that compute the same in another order or by another formula, and how far what a step makes of it may be off, of the largest number. */
const ROUNDING: Readonly<Record<string, number>> = { mergeScales: 1e-5, shareMeanSquares: 1e-5, exactSlopes: 1e-5 };

/** A pass, and what became of a graph. */
export interface Passed {
  readonly name: string;
  readonly tolerance: number;
  readonly graph: Graph;
}

/** What passes make of a graph, each of them alone; those that leave it alone are left out. */
export const passed = (traced: Graph, passes: Readonly<Record<string, Pass>> = PASSES): Passed[] =>
  Object.entries(passes).flatMap(([name, pass]) => {
    const graph = pass(traced);
    return isSame(graph, traced) ? [] : [{ name, tolerance: ROUNDING[name] ?? 0, graph }];
  });

/**
 * Holds what passed graphs compute against the graph as it was traced.
 *
 * @throws {Error} with the pass's name, where they differ.
 */
export function checkPasses(traced: Graph, inputs: readonly Data[], all: readonly Passed[]): void {
  if (all.length === 0) return;
  const expected = walk(traced, inputs);
  for (const { name, graph, tolerance } of all) {
    walk(graph, inputs).forEach((data, i) => {
      const away = worst(data, at(expected, i));
      if (away > tolerance)
        throw new Error(`reference: expected ${name} to leave output ${i} as it was, got one off by ${away}.`);
    });
  }
}

const isSame = (a: Graph, b: Graph): boolean =>
  a.nodes.length === b.nodes.length &&
  a.constants.size === b.constants.size &&
  a.nodes.every((node, i) => {
    const other = at(b.nodes, i);
    return (
      node.kernel === other.kernel &&
      node.inputs.length === other.inputs.length &&
      node.inputs.every((value, k) => value === other.inputs[k])
    );
  }) &&
  a.outputs.every((value, i) => value === b.outputs[i]);

/** Largest difference, of the largest number; infinite where one of the two is no finite number and the other is another. */
function worst(actual: Data, expected: Data): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let size = 0;
  let most = 0;
  for (const [i, x] of expected.entries()) {
    const y = actual[i] ?? Number.NaN;
    if (Number.isFinite(x)) size = Math.max(size, Math.abs(x));
    if (!Object.is(x, y)) most = Math.max(most, Number.isFinite(x) && Number.isFinite(y) ? Math.abs(x - y) : Infinity);
  }
  return most === 0 ? 0 : most / (size || 1);
}
