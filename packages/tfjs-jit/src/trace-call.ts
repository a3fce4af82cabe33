import { dispose, type Optimizer, type Variable } from '@tensorflow/tfjs-core';
import type { CompileOptions, StateLeaf } from './engine.js';
import { type Graph, sameShape } from './graph/graph.js';
import { at } from './kernels/spec.js';
import type { Precision } from './passes/reduce-precision.js';
import { type Pass, runPasses, SIMPLIFYING } from './passes/simplify.js';
import type { Signature } from './signature.js';
import { argumentOf, pairState } from './state-pairs.js';
import { optimizersOf, type Seen } from './trace/seen.js';
import type { Slot } from './trace/slot.js';
import { type Abstract, type Trace, type TraceOptions, trace } from './trace/trace.js';
import type { Structure } from './tree.js';

/** How a call is to be traced. */
export interface TraceCallOptions {
  /** What is done to the graph; default: what holds for every engine. */
  readonly passes?: readonly Pass[] | undefined;
  /** Positions of arguments that the call consumes. */
  readonly donate: readonly number[];
  /** Arithmetic of convolutions and matrix products. */
  readonly precision: Precision;
  /** Notes the line of code that each kernel call came from. */
  readonly sources?: boolean;
  /** Variables that the function closes over are read at every call instead of being constants. */
  readonly liveVariables?: boolean;
  /** Optimizers that it is known to apply. */
  readonly optimizers?: readonly Optimizer[];
}

/** A call as engines get it, and what it takes to make one of it again. */
export interface TracedCall {
  /** After the engine's `passes`. */
  readonly graph: Graph;
  readonly options: CompileOptions;
  /** The tree that the graph's outputs form. */
  readonly result: Structure;
  /** What is read at every call: the graph's last inputs. */
  readonly slots: readonly Slot[];
  /** Variables that the function assigns: the graph's last outputs are their new values. */
  readonly assigned: readonly Variable[];
  /** What else the graph depends on. */
  readonly seen: Seen;
  /** False when variables that the function closes over are constants of the graph. */
  readonly live: boolean;
}

/** Traces a function for calls of one signature; nothing is compiled. */
export function traceCall(
  fn: (...args: never[]) => unknown,
  { structure, paths, leaves }: Signature,
  {
    passes = Object.values(SIMPLIFYING),
    donate,
    precision,
    sources = false,
    liveVariables = false,
    optimizers = [],
  }: TraceCallOptions,
): TracedCall {
  const traced = traceWithUpdates(fn, structure, leaves, { sources, liveVariables, optimizers });
  const donated = new Set(paths.flatMap((path, i) => (donate.includes(argumentOf(path)) ? [i] : [])));
  const { graph, result, slots, seen, assigned, live } = traced;
  const names = { inputs: paths, outputs: traced.paths };
  const options = { state: stateOf(traced, paths, donated), donated, precision, names };
  return { graph: runPasses(graph, passes), options, result, slots, seen, assigned, live };
}

/**
 * The trace of a function that may assign variables: then all of them are read at every call, from the first on. Traced again
 * where it makes variables on its first use, and where its optimizers are not known from the beginning.
 */
function traceWithUpdates(
  fn: (...args: never[]) => unknown,
  structure: Structure,
  leaves: readonly Abstract[],
  options: TraceOptions & { readonly liveVariables: boolean; readonly optimizers: readonly Optimizer[] },
): Trace & { readonly live: boolean } {
  const first = trace(fn, structure, leaves, { ...options, updates: true });
  const optimizers = optimizersOf(first.seen);
  const updates = first.assigned.length > 0 || first.made.length > 0;
  const known = optimizers.every((optimizer) => options.optimizers.includes(optimizer));
  if (!updates || (options.liveVariables && first.made.length === 0 && known))
    return { ...first, live: options.liveVariables };
  const again = trace(fn, structure, leaves, { ...options, updates: true, liveVariables: true, optimizers });
  const [extra] = again.made;
  if (extra === undefined) return { ...again, live: true };
  // An optimizer goes on with what it made.
  const held = new Set(again.seen.optimizers.flatMap(({ fields }) => fields.flatMap(([, value]) => value)));
  dispose([...new Set([...first.made, ...again.made])].filter((variable) => !held.has(variable)));
  throw new Error(
    'jit: expected a function that makes variables on its first use only, as an optimizer does, got tf.variable every ' +
      `time ('${extra.name}'). Make it before the call and close over it.`,
  );
}

/** Donated arguments that come back as results of the same shape. */
function stateOf(traced: Trace, paths: readonly string[], donated: ReadonlySet<number>): StateLeaf[] {
  return [...pairState(paths, traced.paths)].flatMap(([output, input]): StateLeaf[] => {
    const [after, before] = [traced.graph.outputs[output], traced.graph.inputs[input]];
    const fits = after !== undefined && before !== undefined && sameShape(after.shape, before.shape);
    return fits && donated.has(input) ? [{ input, output, ...at(traced.places, output) }] : [];
  });
}
