import { known } from '@edm2/options';
import { clone, dispose, getBackend, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import { type Engine, type Executable, engineFor } from './engine.js';
import { type ExplainOptions, explain } from './explain/explain.js';
import { explainGraph } from './explain/explained.js';
import type { MemoryPlan } from './explain/memory.js';
import { freeWhenForgotten } from './forgotten.js';
import { type Form, type Former, Forms } from './forms.js';
import { at } from './kernels/spec.js';
import { checkNotLent, whileLent } from './lent.js';
import { describeSignature, lowerFunction, type Signature, signatureKey, signatureOf } from './lower-function.js';
import { checkNode } from './node-version.js';
import { checkOptions, type JitOptions, promised } from './options.js';
import { argumentOf } from './state-pairs.js';
import { countIterations } from './trace/optimizers.js';
import { optimizersOf } from './trace/seen.js';
import { readSlots } from './trace/slot.js';
import { isTracing } from './trace/trace.js';
import { type Flat, flatten, type Structure, unflatten } from './tree.js';

/** A compiled function. Called like the original; compiles on the first call with a new signature. */
export interface Jitted<Args extends readonly unknown[], Result> {
  (...args: Args): Result;
  /**
   * The same call beside the event loop, on engines that can (libtensorflow); on others, and without an engine, it runs
   * before the promise is given out. Until the promise settles, donated tensors and variables that the function assigns
   * cannot be passed to another compiled call. A call that fails leaves them as they were.
   */
  runAsync(...args: Args): Promise<Result>;
  /** How many signatures (shapes, dtypes, static leaves) are compiled. What was compiled again for another reason counts once. */
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
  /**
   * Frees every compiled signature; the function compiles again when called. Done by itself, some time after nobody holds the
   * function any more.
   */
  dispose(): void;
}

/** Signatures, or changes of what a function depends on, after which it is likely to be compiled anew forever. */
const MANY = 10;

/**
 * Compiles a function of tensors: traced once per signature, then run as one call.
 *
 * Arguments and results are trees: tensors, records and arrays of them, nested. Numbers, text, booleans, null and
 * undefined are static: another value compiles again, so a number that changes from call to call belongs in a
 * `tf.scalar`. Tensors that the function closes over are constants of the compiled function; so are `tf.Variable`s until
 * one of them is assigned, after which they are read at every call. A function that assigns variables itself (an optimizer,
 * a BatchNormalization that trains) has them assigned when the call ends. Learning rates of TensorFlow.js's optimizers are
 * read at every call; other settings of theirs, `trainable`, and tensors that were disposed compile again when they change.
 *
 * @param fn - synchronous; it must not read tensors, draw random numbers or keep what it makes.
 * @returns the compiled function; it returns synchronously. On a backend without an engine it runs `fn` in `tf.tidy`.
 * @throws {TypeError} for what is no synchronous function, no engine, or an option that there is not.
 * @throws {RangeError} for a precision or donated position that does not exist.
 * @throws {Error} on a Node.js that is too old.
 */
export function jit<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  options: JitOptions = {},
): Jitted<Args, Result> {
  const { engine: chosen, precision, donate, warn } = checkOptions(fn, options);
  checkNode();
  const forms = new Forms();
  let warned = false;
  /** How often it was compiled because something had changed. */
  let again = 0;

  const prepare = (args: Args): { readonly engine: Engine | undefined; readonly flat: Flat } => {
    const engine = chosen ?? engineFor(getBackend());
    if (engine === undefined && precision !== 'float32' && !warned) {
      warned = true;
      warn(
        `jit: expected an engine for precision '${precision}', got none for backend ${getBackend()}: it runs op by op in ` +
          'float32. Start libtensorflow and make its backend the current one, or leave precision out.',
      );
    }
    checkDonated(donate, args.length);
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
    const form = formFor(engine, flat);
    if (form.executable.runAsync === undefined) return call(...args);
    const given = donated(flat);
    const read = readSlots(form.slots);
    const running = form.executable.runAsync([...flat.tensors, ...read.tensors]).finally(read.end);
    const outputs = await whileLent([...given, ...form.assigned], running);
    dispose(given);
    return resultOf(form, outputs) as Result;
  };

  const runCompiled = (engine: Engine, flat: Flat): unknown => {
    const form = formFor(engine, flat);
    const read = readSlots(form.slots);
    try {
      return resultOf(form, form.executable.run([...flat.tensors, ...read.tensors]));
    } finally {
      read.end();
    }
  };

  const formFor = (engine: Engine, flat: Flat): Form => {
    const signature = signatureOf(flat);
    const key = `${engine.name}|${signatureKey(signature)}`;
    const form = forms.find(key) ?? compile(engine, signature, key);
    checkAssigned(form, flat);
    return form;
  };

  const compile = (engine: Engine, signature: Signature, key: string): Form => {
    const former = forms.former(key);
    const { model, ...lowered } = lower(engine, signature, former);
    const executable = lowered.graph.outputs.length > 0 ? engine.compile(model) : NOTHING;
    const form = { engine, executable, signature, assigns: new Set(lowered.assigned), ...lowered };
    forms.add(key, form);
    tally.compiled(fn.toString(), warn);
    if (former === undefined && forms.size === MANY) warn(manySignatures(fn.name, signature));
    if (former?.settled === false && ++again === MANY) warn(manyChanges(fn.name, former));
    return form;
  };

  const lower = (engine: Engine, signature: Signature, former?: Pick<Former, 'live' | 'optimizers'>, sources = false) =>
    lowerFunction(fn as (...args: never[]) => unknown, signature, {
      engine,
      donate,
      precision,
      sources,
      liveVariables: former?.live ?? false,
      optimizers: former?.optimizers ?? [],
    });

  const engineNow = (what: string): Engine => {
    const engine = chosen ?? engineFor(getBackend());
    if (engine !== undefined) return engine;
    throw new Error(
      `${what}: expected an engine to compile for, got none for backend ${getBackend()}. Start one, or pass it to jit.`,
    );
  };

  const explainThis = (asked: ExplainOptions<Args> = {}): string => {
    const { format, args, measure = false } = known('explain', asked, { format: true, args: true, measure: true });
    if (args === undefined) {
      if (measure)
        throw new RangeError('explain: expected args to measure with, got none. Pass { args: [...], measure }.');
      return explain(
        forms.all.map((form) => ({
          ...form,
          lower: () =>
            lower(form.engine, form.signature, { live: form.live, optimizers: optimizersOf(form.seen) }, true),
        })),
        format,
      );
    }
    const engine = engineNow('explain');
    const flat = flatten([...args], 'the arguments');
    const signature = signatureOf(flat);
    const tensors = measure ? flat.tensors : undefined;
    return explain([{ engine, signature, tensors, lower: () => lower(engine, signature, undefined, true) }], format);
  };

  const memory = (...args: Args): MemoryPlan => {
    const engine = engineNow('memory');
    const signature = signatureOf(flatten([...args], 'the arguments'));
    const { graph } = lower(engine, signature);
    return explainGraph({ signature: '', graph, format: engine.format ?? 'onnx' }).memory;
  };

  const tally = freeWhenForgotten(call, forms);
  return Object.defineProperties(call as Jitted<Args, Result>, {
    runAsync: { value: runAsync },
    cacheSize: { get: () => forms.size },
    explain: { value: explainThis },
    memory: { value: memory },
    dispose: {
      value: () => {
        forms.dispose();
        tally.freed();
      },
    },
  });
}

/**
 * Checks that the function can assign its variables: no call under way was given one, and none is an argument, which the call
 * would read as it was before.
 */
function checkAssigned({ assigned, assigns }: Form, { tensors, paths }: Flat): void {
  if (assigned.length === 0) return;
  for (const variable of assigned) checkNotLent(variable, () => `variable '${variable.name}'`);
  const both = tensors.findIndex((tensor) => assigns.has(tensor));
  if (both < 0) return;
  throw new Error(
    `jit: expected the variables that the function assigns not to be arguments, got '${(tensors[both] as Variable).name}' at ` +
      `'${paths[both]}'. Close over it alone, or pass tf.clone(variable) for its value before the call.`,
  );
}

/** The result of a call as the function returns it; what the function assigns is assigned, what it counts is counted. */
function resultOf({ result, assigned, seen }: Form, outputs: readonly Tensor[]): unknown {
  const first = outputs.length - assigned.length;
  assigned.forEach((variable, i) => {
    const value = at(outputs, first + i);
    variable.assign(value);
    value.dispose();
  });
  countIterations(seen.optimizers);
  return unflatten(result, outputs.slice(0, first));
}

/** Checks that a call has the arguments that it is to consume. */
function checkDonated(donate: readonly number[], given: number): void {
  const missing = donate.find((position) => position >= given);
  if (missing === undefined) return;
  throw new RangeError(
    `jit: expected a call with the arguments that donate lists, got ${given} arguments and donate [${donate}]. Positions ` +
      'count from 0; leave out what is not always passed.',
  );
}

/** Checks that every tensor still holds its values, and that no call under way was given it. */
function checkAlive({ tensors, paths }: Flat): void {
  tensors.forEach((tensor, i) => void checkNotLent(tensor, () => `'${paths[i]}'`));
  const gone = tensors.findIndex((tensor) => tensor.isDisposed);
  if (gone < 0) return;
  throw new Error(
    `jit: expected tensors that still hold their values, got a disposed one at '${paths[gone]}'. An argument that was ` +
      'donated is gone after the call: pass on what the call returned.',
  );
}

/** What runs for a function that gives no tensors and assigns none. */
const NOTHING: Executable = { run: () => [], dispose() {} };

const called = (name: string): string => (name === '' ? 'a function' : name);

const manySignatures = (name: string, signature: Signature): string =>
  `jit: ${called(name)} has been compiled for ${MANY} signatures, the last of them ` +
  `${describeSignature(signature)}. Pad to few shapes, and pass numbers that change as tf.scalar: every new shape or ` +
  'number compiles again.';

const manyChanges = (name: string, { what }: Former): string =>
  `jit: ${called(name)} has been compiled ${MANY} times because something had changed that it depends on, the last time ${what}. ` +
  'Learning rates may change freely, as may variables that are not read as numbers; make what else changes from call to ' +
  'call an argument.';

/** Without an engine: the function itself, op by op. Results that are arguments are cloned, as a compiled call would. */
function runPlain<Args extends readonly unknown[]>(fn: (...args: Args) => unknown, flat: Flat): unknown {
  let result: Structure = { kind: 'static', value: undefined };
  const given = new Set<Tensor>(flat.tensors);
  const outputs = tidy(() => {
    const value = fn(...(unflatten(flat.structure, flat.tensors) as Args));
    if (value instanceof Promise) throw promised(value);
    const returned = flatten(value, 'the result of the function');
    result = returned.structure;
    return returned.tensors.map((tensor) => (given.has(tensor) ? clone(tensor) : tensor));
  });
  return unflatten(result, outputs);
}
