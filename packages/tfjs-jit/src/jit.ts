import { clone, getBackend, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { compileGraph } from './compile.js';
import { compileTensorflow } from './compile-tensorflow.js';
import { type CompiledModel, type Engine, type Executable, engineFor } from './engine.js';
import { explainGraph } from './explain.js';
import { type Graph, sameShape } from './graph/graph.js';
import { at } from './kernels/spec.js';
import type { StateLeaf } from './passes/pack-state/families.js';
import { argumentOf, pairState } from './state-pairs.js';
import { abstractOf, isTracing, trace } from './trace/trace.js';
import { type Flat, flatten, type Structure, unflatten } from './tree.js';

/** Options of {@link jit}. */
export interface JitOptions {
  /** Engine to compile for; default: the one of the current TensorFlow.js backend at the time of the call. */
  readonly engine?: Engine;
  /** Positions of arguments whose tensors the call consumes: they are disposed, and their memory is reused. */
  readonly donate?: readonly number[];
  /** Arithmetic of the compiled function; only `'float32'` for now. */
  readonly precision?: 'float32' | 'bfloat16' | 'float16';
}

/** A compiled function. Called like the original; compiles on the first call with a new signature. */
export interface Jitted<Args extends readonly unknown[], Result> {
  (...args: Args): Result;
  /** How many signatures (shapes, dtypes, static leaves) are compiled. */
  readonly cacheSize: number;
  /** The costliest kernels of each compiled signature, and the TensorFlow.js op that each came from. */
  explain(): string;
  /** Frees every compiled signature; the function compiles again when called. */
  dispose(): void;
}

interface Entry {
  readonly executable: Executable;
  readonly result: Structure;
  readonly signature: string;
  readonly graph: Graph;
}

/**
 * Compiles a function of tensors: traced once per signature, then run as one call.
 *
 * Arguments and results are trees: tensors, records and arrays of them, nested. Numbers, text, booleans, null and
 * undefined are static: another value compiles again, so a number that changes from call to call belongs in a
 * `tf.scalar`. Tensors that the function closes over are constants of the compiled function.
 *
 * @param fn - pure and synchronous; it must not read tensors, draw random numbers or keep what it makes.
 * @returns the compiled function; it returns synchronously. On a backend without an engine it runs `fn` in `tf.tidy`.
 * @throws {RangeError} for a precision or donated position that does not exist.
 */
export function jit<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  options: JitOptions = {},
): Jitted<Args, Result> {
  const { precision = 'float32', donate = [] } = options;
  if (precision !== 'float32') {
    throw new RangeError(
      `jit: expected precision 'float32', got '${precision}', which is not available yet. Leave precision out.`,
    );
  }
  const wrong = donate.find((position) => !Number.isInteger(position) || position < 0);
  if (wrong !== undefined)
    throw new RangeError(`jit: expected donate to list argument positions, got ${wrong}. Count from 0.`);
  const cache = new Map<string, Entry>();

  const call = (...args: Args): Result => {
    if (isTracing()) return fn(...args);
    const engine = options.engine ?? engineFor(getBackend());
    const flat = flatten([...args], 'the arguments');
    const outputs = engine === undefined ? runPlain(fn, flat) : runCompiled(engine, flat);
    flat.tensors.forEach((tensor, i) => {
      if (donate.includes(argumentOf(at(flat.paths, i)))) tensor.dispose();
    });
    return outputs as Result;
  };

  const runCompiled = (engine: Engine, flat: Flat): unknown => {
    const key = `${engine.name}|${signature(flat)}`;
    let entry = cache.get(key);
    if (entry === undefined) {
      entry = compile(engine, flat);
      cache.set(key, entry);
    }
    return unflatten(entry.result, entry.executable.run(flat.tensors));
  };

  const compile = (engine: Engine, flat: Flat): Entry => {
    const traced = trace(fn as (...args: never[]) => unknown, flat.structure, flat.tensors.map(abstractOf));
    const donated = new Set(flat.paths.flatMap((path, i) => (donate.includes(argumentOf(path)) ? [i] : [])));
    const state = [...pairState(flat.paths, traced.paths)].flatMap(([output, input]): StateLeaf[] => {
      const [after, before] = [traced.graph.outputs[output], traced.graph.inputs[input]];
      const fits = after !== undefined && before !== undefined && sameShape(after.shape, before.shape);
      return fits && donated.has(input) ? [{ input, output, ...at(traced.places, output) }] : [];
    });
    const { model, graph } = compileFor(engine, traced.graph, donated, state);
    return { executable: engine.compile(model), result: traced.result, signature: describe(flat), graph };
  };

  return Object.defineProperties(call as Jitted<Args, Result>, {
    cacheSize: { get: () => cache.size },
    explain: {
      value: () => [...cache.values()].map((entry) => `${entry.signature}\n${explainGraph(entry.graph)}`).join('\n\n'),
    },
    dispose: {
      value: () => {
        for (const entry of cache.values()) entry.executable.dispose();
        cache.clear();
      },
    },
  });
}

/** The model in the engine's format, and the graph that it was lowered from. */
function compileFor(
  engine: Engine,
  graph: Graph,
  free: ReadonlySet<number>,
  state: readonly StateLeaf[],
): { readonly model: CompiledModel; readonly graph: Graph } {
  if (engine.format === 'tensorflow') return compileTensorflow(graph, { state, backend: engine.backend });
  const model = compileGraph(graph, { free, state, dialect: 'onnxruntime', backend: engine.backend });
  return { model, graph: model.graph };
}

/** Without an engine: the function itself, op by op. Results that are arguments are cloned, as a compiled call would. */
function runPlain<Args extends readonly unknown[]>(fn: (...args: Args) => unknown, flat: Flat): unknown {
  let result: Structure = { kind: 'static', value: undefined };
  const given = new Set<Tensor>(flat.tensors);
  const outputs = tidy(() => {
    const returned = flatten(fn(...(unflatten(flat.structure, flat.tensors) as Args)), 'the result of the function');
    result = returned.structure;
    return returned.tensors.map((tensor) => (given.has(tensor) ? clone(tensor) : tensor));
  });
  return unflatten(result, outputs);
}

/** A signature for people: the arguments' tensors, the first few of them. */
function describe(flat: Flat): string {
  const shown = flat.tensors.slice(0, 4).map((tensor, i) => `${flat.paths[i]}: ${tensor.dtype}[${tensor.shape}]`);
  const more = flat.tensors.length > 4 ? [`${flat.tensors.length - 4} more`] : [];
  return `(${[...shown, ...more].join(', ')})`;
}

/** What a compiled function is specialised on. */
function signature(flat: Flat): string {
  const tensors = flat.tensors.map((tensor) => `${tensor.dtype}${tensor.shape}`).join(';');
  return `${tensors}|${JSON.stringify(flat.structure, exactStatics)}`;
}

/** Keeps apart what JSON writes alike: undefined, NaN, infinities, -0, bigint. */
const exactStatics = (_: string, value: unknown): unknown =>
  value === undefined ||
  typeof value === 'bigint' ||
  (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    ? `${typeof value}:${Object.is(value, -0) ? '-0' : value}`
    : value;
