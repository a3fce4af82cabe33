import { dispose, type Optimizer, type Variable } from '@tensorflow/tfjs-core';
import { compileGraph } from './compile.js';
import { compileTensorflow } from './compile-tensorflow.js';
import type { CompiledModel, Engine } from './engine.js';
import { type Graph, sameShape } from './graph/graph.js';
import { at } from './kernels/spec.js';
import type { Precision } from './passes/lower-precision.js';
import type { StateLeaf } from './passes/pack-state/families.js';
import { argumentOf, pairState } from './state-pairs.js';
import { optimizersOf, type Seen } from './trace/seen.js';
import type { Slot } from './trace/slot.js';
import { type Abstract, abstractOf, type Trace, type TraceOptions, trace } from './trace/trace.js';
import type { Flat, Structure } from './tree.js';

/** What a compiled function is specialised on: its arguments without their values. */
export interface Signature {
  readonly structure: Structure;
  readonly paths: readonly string[];
  readonly leaves: readonly Abstract[];
}

/** How a function is to be compiled. */
export interface LowerOptions {
  readonly engine: Engine;
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

/** A traced function in its engine's format. */
export interface Lowered {
  readonly model: CompiledModel;
  /** The graph that the model was lowered from. */
  readonly graph: Graph;
  /** The tree that the model's outputs form. */
  readonly result: Structure;
  /** What is read at every call: the model's last inputs. */
  readonly slots: readonly Slot[];
  /** Variables that the function assigns: the model's last outputs are their new values. */
  readonly assigned: readonly Variable[];
  /** What else the model depends on. */
  readonly seen: Seen;
  /** False when variables that the function closes over are constants of the model. */
  readonly live: boolean;
}

/** The signature of a call. */
export const signatureOf = ({ structure, paths, tensors }: Flat): Signature => ({
  structure,
  paths,
  leaves: tensors.map(abstractOf),
});

/** Traces a function and writes it in its engine's format; nothing is loaded. */
export function lowerFunction(
  fn: (...args: never[]) => unknown,
  { structure, paths, leaves }: Signature,
  { engine, donate, precision, sources = false, liveVariables = false, optimizers = [] }: LowerOptions,
): Lowered {
  if (precision !== 'float32' && engine.format !== 'tensorflow') {
    throw new RangeError(
      `jit: expected precision 'float32' on ${engine.name}, got '${precision}', for which it has no convolutions. Leave precision out, or use libtensorflow.`,
    );
  }
  const traced = traceWithUpdates(fn, structure, leaves, { sources, liveVariables, optimizers });
  const donated = new Set(paths.flatMap((path, i) => (donate.includes(argumentOf(path)) ? [i] : [])));
  const { model, graph } = compileFor({ engine, precision }, traced.graph, donated, stateOf(traced, paths, donated));
  const { result, slots, seen, assigned, live } = traced;
  return { model, graph, result, slots, seen, assigned, live };
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

/** The model in the engine's format, and the graph that it was lowered from. */
function compileFor(
  { engine, precision }: Pick<LowerOptions, 'engine' | 'precision'>,
  graph: Graph,
  free: ReadonlySet<number>,
  state: readonly StateLeaf[],
): { readonly model: CompiledModel; readonly graph: Graph } {
  if (engine.format === 'tensorflow') return compileTensorflow(graph, { state, backend: engine.backend, precision });
  const model = compileGraph(graph, { free, state, dialect: 'onnxruntime', backend: engine.backend });
  return { model, graph: model.graph };
}

/** A signature for people: the arguments' tensors, the first few of them. */
export function describeSignature({ paths, leaves }: Signature): string {
  const shown = leaves.slice(0, 4).map(({ dtype, shape }, i) => `${paths[i]}: ${dtype}[${shape}]`);
  const more = leaves.length > 4 ? [`${leaves.length - 4} more`] : [];
  return `(${[...shown, ...more].join(', ')})`;
}

/** A signature as a key: equal exactly when one compiled function serves both. */
export function signatureKey({ structure, leaves }: Signature): string {
  const tensors = leaves.map(({ dtype, shape }) => `${dtype}${shape}`).join(';');
  return `${tensors}|${JSON.stringify(structure, exactStatics)}`;
}

/** Keeps apart what JSON writes alike: undefined, NaN, infinities, -0, bigint. */
const exactStatics = (_: string, value: unknown): unknown =>
  value === undefined ||
  typeof value === 'bigint' ||
  (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    ? `${typeof value}:${Object.is(value, -0) ? '-0' : value}`
    : value;
