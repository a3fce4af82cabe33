import { dispose } from '@tensorflow/tfjs-core';
import { checkAssigned, consumed, takeArguments } from './arguments.js';
import { formCompiler } from './compile-forms.js';
import { type ExplainOptions, explainer } from './explain/explain.js';
import type { MemoryPlan } from './explain/memory.js';
import { engineFinder } from './find-engine.js';
import { freeWhenForgotten } from './forgotten.js';
import { type Form, Forms } from './forms.js';
import { checkNode } from './node-version.js';
import { checkOptions, type JitOptions } from './options.js';
import { runForm, runFormAsync, runPlain } from './run.js';
import { signatureOf } from './signature.js';
import { isTracing } from './trace/trace.js';
import type { Flat } from './tree.js';

/** A compiled function. Called like the original; compiles on the first call with a new signature. */
export interface Jitted<Args extends readonly unknown[], Result> {
  (...args: Args): Result;
  /**
   * The same call beside the event loop, on engines that can; on others, and without an engine, it runs
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
   * @returns a table; with `kind: 'trace'` a file for a browser's profiler.
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
  const settings = checkOptions(fn, options);
  checkNode();
  const { donate, warn } = settings;
  const forms = new Forms();
  const engines = engineFinder(settings);
  const compiler = formCompiler(fn, settings, forms, () => tally.compiled(fn.toString(), warn));

  /** What a call runs; none where there is no engine. */
  const formOf = (flat: Flat): Form | undefined => {
    const engine = engines.forCall();
    const form = engine && compiler.formFor(engine, signatureOf(flat));
    if (form !== undefined) checkAssigned(form, flat);
    return form;
  };

  const call = (...args: Args): Result => {
    if (isTracing()) return fn(...args);
    const flat = takeArguments(args, donate);
    const form = formOf(flat);
    const result = form === undefined ? runPlain(fn, flat) : runForm(form, flat);
    dispose(consumed(flat, donate));
    return result as Result;
  };

  const runAsync = async (...args: Args): Promise<Result> => {
    if (isTracing()) {
      throw new Error(
        'jit: expected runAsync to be called outside a traced function, got a call inside one. Call the function itself: ' +
          'it is traced along.',
      );
    }
    const flat = takeArguments(args, donate);
    const form = formOf(flat);
    const running = form && runFormAsync(form, flat, consumed(flat, donate));
    return running === undefined ? call(...args) : ((await running) as Result);
  };

  const { explain, memory } = explainer<Args>(forms, compiler, engines);
  const tally = freeWhenForgotten(call, forms);
  return Object.defineProperties(call as Jitted<Args, Result>, {
    runAsync: { value: runAsync },
    cacheSize: { get: () => forms.size },
    explain: { value: explain },
    memory: { value: memory },
    dispose: {
      value: () => {
        forms.dispose();
        tally.freed();
      },
    },
  });
}
