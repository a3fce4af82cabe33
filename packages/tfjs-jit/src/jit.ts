import { clone, dispose, getBackend, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import { type Engine, type Executable, engineFor } from './engine.js';
import { type ExplainOptions, explain } from './explain/explain.js';
import { explainGraph } from './explain/explained.js';
import type { MemoryPlan } from './explain/memory.js';
import type { Graph } from './graph/graph.js';
import { at } from './kernels/spec.js';
import { checkNotLent, whileLent } from './lent.js';
import {
  describeSignature,
  type Lowered,
  lowerFunction,
  type Signature,
  signatureKey,
  signatureOf,
} from './lower-function.js';
import { checkNode } from './node-version.js';
import type { Precision } from './passes/lower-precision.js';
import { argumentOf } from './state-pairs.js';
import { isTracing } from './trace/trace.js';
import { type Flat, flatten, type Structure, unflatten } from './tree.js';

/** Options of {@link jit}. */
export interface JitOptions {
  /** Engine to compile for; default: the one of the current TensorFlow.js backend at the time of the call. */
  readonly engine?: Engine;
  /** Positions of arguments whose tensors the call consumes: they are disposed, and their memory is reused. */
  readonly donate?: readonly number[];
  /**
   * Arithmetic of convolutions and matrix products; default `'float32'`. In 16 bit their operands are rounded and their
   * results are float32 again; reductions, element-wise kernels, small products and updates of state stay float32. float16
   * overflows above 65504: replace gradients that are not finite. On libtensorflow; an engine
   * without it refuses, and without an engine `warn` hears once that it changes nothing.
   */
  readonly precision?: Precision;
  /** Gets a message when the function compiles again and again, or `precision` is in vain; default: `console.warn`. */
  readonly warn?: (message: string) => void;
}

/** A compiled function. Called like the original; compiles on the first call with a new signature. */
export interface Jitted<Args extends readonly unknown[], Result> {
  (...args: Args): Result;
  /**
   * The same call beside the event loop, on engines that can (libtensorflow); on others, and without an engine, it runs
   * before the promise is given out. Until the promise settles, donated tensors and variables that the function assigns
   * cannot be passed to another compiled call. A call that fails leaves them as they were.
   */
  runAsync(...args: Args): Promise<Result>;
  /** How many signatures (shapes, dtypes, static leaves) are compiled. */
  readonly cacheSize: number;
  /**
   * Says what the function costs: peak memory, and the costliest kernels with the TensorFlow.js op and the line of code that
   * each came from. Of every compiled signature, or for `args`. Costs are estimated from shapes or, with `measure`, clocked.
   *
   * The function is traced again for it.
   *
   * @returns a table; with `format: 'trace'` a file for a browser's profiler.
   * @throws {Error} when there is no engine to compile `args` for, or none that can measure.
   */
  explain(options?: ExplainOptions<Args>): string;
  /**
   * The memory that a call with these arguments will need, worked out without running or loading it.
   *
   * @throws {Error} when there is no engine to compile for.
   */
  memory(...args: Args): MemoryPlan;
  /** Frees every compiled signature; the function compiles again when called. */
  dispose(): void;
}

const PRECISIONS: readonly string[] = ['float32', 'bfloat16', 'float16'];

interface Entry {
  readonly engine: Engine;
  readonly executable: Executable;
  readonly result: Structure;
  readonly signature: Signature;
  readonly graph: Graph;
  /** Variables that the function closes over, and the data that each had when it was compiled. */
  readonly variables: readonly Variable[];
  readonly data: readonly object[];
  /** Variables that the function assigns: the executable's last outputs are their new values. */
  readonly assigned: readonly Variable[];
  /** True when variables are read at every call; before the first change they are constants. */
  readonly live: boolean;
}

/** Compiled signatures after which a function is likely to be called with new shapes forever. */
const MANY_SIGNATURES = 10;

// biome-ignore lint/suspicious/noConsole: the default of an option; a function that compiles at every call must not stay silent
const warnOnConsole = (message: string): void => console.warn(message);

/**
 * Compiles a function of tensors: traced once per signature, then run as one call.
 *
 * Arguments and results are trees: tensors, records and arrays of them, nested. Numbers, text, booleans, null and
 * undefined are static: another value compiles again, so a number that changes from call to call belongs in a
 * `tf.scalar`. Tensors that the function closes over are constants of the compiled function; so are `tf.Variable`s until
 * one of them is assigned, after which they are read at every call. A function that assigns variables itself (an optimizer,
 * a BatchNormalization that trains) has them assigned when the call ends.
 *
 * @param fn - synchronous; it must not read tensors, draw random numbers or keep what it makes.
 * @returns the compiled function; it returns synchronously. On a backend without an engine it runs `fn` in `tf.tidy`.
 * @throws {RangeError} for a precision or donated position that does not exist.
 * @throws {Error} on a Node.js that is too old.
 */
export function jit<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  options: JitOptions = {},
): Jitted<Args, Result> {
  const { precision = 'float32', donate = [], warn = warnOnConsole } = options;
  if (!PRECISIONS.includes(precision)) {
    throw new RangeError(
      `jit: expected precision to be ${PRECISIONS.join(', ')}, got '${precision}'. Leave it out for float32.`,
    );
  }
  const wrong = donate.find((position) => !Number.isInteger(position) || position < 0);
  if (wrong !== undefined)
    throw new RangeError(`jit: expected donate to list argument positions, got ${wrong}. Count from 0.`);
  checkNode();
  const cache = new Map<string, Entry>();
  let warned = false;

  const prepare = (args: Args): { readonly engine: Engine | undefined; readonly flat: Flat } => {
    const engine = options.engine ?? engineFor(getBackend());
    if (engine === undefined && precision !== 'float32' && !warned) {
      warned = true;
      warn(
        `jit: expected an engine for precision '${precision}', got none for backend ${getBackend()}: it runs op by op in ` +
          'float32. Start libtensorflow and make its backend the current one, or leave precision out.',
      );
    }
    const flat = flatten([...args], 'the arguments');
    checkAlive(flat);
    return { engine, flat };
  };

  const donated = ({ tensors, paths }: Flat): Tensor[] =>
    tensors.filter((_, i) => donate.includes(argumentOf(at(paths, i))));

  const call = (...args: Args): Result => {
    if (isTracing()) return fn(...args);
    const { engine, flat } = prepare(args);
    const outputs = engine === undefined ? runPlain(fn, flat) : runCompiled(engine, flat);
    dispose(donated(flat));
    return outputs as Result;
  };

  const runAsync = async (...args: Args): Promise<Result> => {
    if (isTracing()) {
      throw new Error(
        'jit: expected runAsync to be called outside a traced function, got a call inside one. Call the function itself: ' +
          'it is traced along.',
      );
    }
    const { engine, flat } = prepare(args);
    if (engine === undefined) return call(...args);
    const entry = entryFor(engine, flat);
    if (entry.executable.runAsync === undefined) return call(...args);
    const given = donated(flat);
    const outputs = await whileLent([...given, ...entry.assigned], entry.executable.runAsync(inputsOf(entry, flat)));
    dispose(given);
    return resultOf(entry, outputs) as Result;
  };

  const runCompiled = (engine: Engine, flat: Flat): unknown => {
    const entry = entryFor(engine, flat);
    return resultOf(entry, entry.executable.run(inputsOf(entry, flat)));
  };

  const entryFor = (engine: Engine, flat: Flat): Entry => {
    const signature = signatureOf(flat);
    const key = `${engine.name}|${signatureKey(signature)}`;
    let entry = cache.get(key);
    if (entry === undefined || isStale(entry)) {
      const known = entry !== undefined;
      entry?.executable.dispose();
      cache.delete(key);
      entry = compile(engine, signature, known);
      cache.set(key, entry);
      if (cache.size === MANY_SIGNATURES && !known) warn(manySignatures(fn.name, signature));
    }
    checkNotAssigned(entry, flat);
    return entry;
  };

  const compile = (engine: Engine, signature: Signature, liveVariables: boolean): Entry => {
    const { model, ...lowered } = lower(engine, signature, false, liveVariables);
    const data = lowered.variables.map((variable) => variable.dataId);
    return { engine, executable: engine.compile(model), signature, data, ...lowered };
  };

  const lower = (engine: Engine, signature: Signature, sources = false, liveVariables = false): Lowered =>
    lowerFunction(fn as (...args: never[]) => unknown, signature, {
      engine,
      donate,
      precision,
      sources,
      liveVariables,
    });

  const engineNow = (what: string): Engine => {
    const engine = options.engine ?? engineFor(getBackend());
    if (engine !== undefined) return engine;
    throw new Error(
      `${what}: expected an engine to compile for, got none for backend ${getBackend()}. Start one, or pass it to jit.`,
    );
  };

  const explainThis = ({ format, args, measure = false }: ExplainOptions<Args> = {}): string => {
    if (args === undefined) {
      if (measure)
        throw new RangeError('explain: expected args to measure with, got none. Pass { args: [...], measure }.');
      const compiled = [...cache.values()];
      return explain(
        compiled.map((entry) => ({ ...entry, lower: () => lower(entry.engine, entry.signature, true, entry.live) })),
        format,
      );
    }
    const engine = engineNow('explain');
    const flat = flatten([...args], 'the arguments');
    const signature = signatureOf(flat);
    const tensors = measure ? flat.tensors : undefined;
    return explain([{ engine, signature, tensors, lower: () => lower(engine, signature, true) }], format);
  };

  const memory = (...args: Args): MemoryPlan => {
    const engine = engineNow('memory');
    const signature = signatureOf(flatten([...args], 'the arguments'));
    const { graph } = lower(engine, signature);
    return explainGraph({ signature: '', graph, format: engine.format ?? 'onnx' }).memory;
  };

  return Object.defineProperties(call as Jitted<Args, Result>, {
    runAsync: { value: runAsync },
    cacheSize: { get: () => cache.size },
    explain: { value: explainThis },
    memory: { value: memory },
    dispose: {
      value: () => {
        for (const entry of cache.values()) entry.executable.dispose();
        cache.clear();
      },
    },
  });
}

/** True when a variable that was compiled in as a constant has been assigned since. */
const isStale = ({ live, variables, data }: Entry): boolean =>
  !live && variables.some((variable, i) => variable.dataId !== data[i] && !variable.isDisposed);

/** What the executable takes: the arguments, and the variables that it reads at every call. */
const inputsOf = ({ live, variables }: Entry, { tensors }: Flat): Tensor[] => [
  ...tensors,
  ...(live ? variables.map(alive) : []),
];

/** Checks that no argument is a variable that the function assigns: the call would read it as it was before. */
function checkNotAssigned({ assigned }: Entry, { tensors, paths }: Flat): void {
  if (assigned.length === 0) return;
  const both = assigned.find((variable) => tensors.includes(variable));
  if (both === undefined) return;
  throw new Error(
    `jit: expected the variables that the function assigns not to be arguments, got '${both.name}' at ` +
      `'${paths[tensors.indexOf(both)]}'. Close over it alone, or pass tf.clone(variable) for its value before the call.`,
  );
}

/** The result of a call as the function returns it; what the function assigns is assigned. */
function resultOf({ result, assigned }: Entry, outputs: readonly Tensor[]): unknown {
  const first = outputs.length - assigned.length;
  assigned.forEach((variable, i) => {
    const value = at(outputs, first + i);
    alive(variable).assign(value);
    value.dispose();
  });
  return unflatten(result, outputs.slice(0, first));
}

function alive(variable: Variable): Variable {
  checkNotLent(variable, `variable '${variable.name}'`);
  if (!variable.isDisposed) return variable;
  throw new Error(
    `jit: expected the variables that the function closes over to live, got '${variable.name}' disposed. ` +
      'Dispose the compiled function with them, and make a new one.',
  );
}

/** Checks that every tensor still holds its values, and that no call under way was given it. */
function checkAlive({ tensors, paths }: Flat): void {
  tensors.forEach((tensor, i) => void checkNotLent(tensor, `'${paths[i]}'`));
  const gone = tensors.findIndex((tensor) => tensor.isDisposed);
  if (gone < 0) return;
  throw new Error(
    `jit: expected tensors that still hold their values, got a disposed one at '${paths[gone]}'. An argument that was ` +
      'donated is gone after the call: pass on what the call returned.',
  );
}

const manySignatures = (name: string, signature: Signature): string =>
  `jit: ${name === '' ? 'a function' : name} has been compiled for ${MANY_SIGNATURES} signatures, the last of them ` +
  `${describeSignature(signature)}. Pad to few shapes, and pass numbers that change as tf.scalar: every new shape or ` +
  'number compiles again.';

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
