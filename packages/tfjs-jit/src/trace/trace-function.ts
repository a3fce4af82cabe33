import type { Graph } from '../graph/graph.js';
import { simplify } from '../passes/simplify.js';
import { flatten } from '../tree.js';
import { abstractOf, trace } from './trace.js';

/** A function as a graph, with the paths of its tensors in arguments and result. */
export interface TracedFunction {
  /** As it was traced: before any pass. */
  readonly traced: Graph;
  /** After the passes that hold for every engine: what an engine's `compile` gets. */
  readonly graph: Graph;
  /** One per input, such as `0.params.w`: the argument's position, then its place there. */
  readonly inputPaths: readonly string[];
  /** One per output, such as `state.w`; empty for a function that returns one tensor. */
  readonly outputPaths: readonly string[];
}

/**
 * Traces a function outside `jit`. Tensors and variables that it closes over are constants.
 *
 * @param args - arguments to trace with: only shapes and dtypes count, and static leaves.
 * @throws {Error} when the function cannot be traced, or assigns variables.
 */
export function traceFunction(fn: (...args: never[]) => unknown, args: readonly unknown[]): TracedFunction {
  const { structure, tensors, paths: inputPaths } = flatten([...args], 'the example');
  const { graph: traced, paths: outputPaths } = trace(fn, structure, tensors.map(abstractOf));
  return { traced, graph: simplify(traced), inputPaths, outputPaths };
}
