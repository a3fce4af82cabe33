import type { Engine, Executable } from './engine.js';
import type { Form, Former, Forms } from './forms.js';
import type { CheckedOptions } from './options.js';
import { describeSignature, type Signature, signatureKey } from './signature.js';
import { type TracedCall, traceCall } from './trace-call.js';

/** Signatures, or changes of what a function depends on, after which it is likely to be compiled anew forever. */
const MANY = 10;

/** Makes a function's compiled forms. */
export interface FormCompiler {
  /** The form for calls of a signature, compiled where there is none that holds. */
  formFor(engine: Engine, signature: Signature): Form;
  /** Traces the function alone, for what is said of it. */
  trace(engine: Engine, signature: Signature, options?: TraceAgain): TracedCall;
}

/** What is known of a function that is traced again. */
export interface TraceAgain {
  readonly former?: Pick<Former, 'live' | 'optimizers'> | undefined;
  /** Notes the line of code of each kernel. */
  readonly sources?: boolean;
}

/**
 * Compiles a function form by form.
 *
 * @param forms - where they are kept.
 * @param onCompiled - hears of every form.
 */
export function formCompiler(
  fn: (...args: never[]) => unknown,
  { precision, donate, warn }: CheckedOptions,
  forms: Forms,
  onCompiled: () => void,
): FormCompiler {
  /** How often it was compiled because something had changed. */
  let again = 0;

  const trace = (engine: Engine, signature: Signature, { former, sources = false }: TraceAgain = {}): TracedCall =>
    traceCall(fn, signature, {
      passes: engine.passes,
      donate,
      precision,
      sources,
      liveVariables: former?.live ?? false,
      optimizers: former?.optimizers ?? [],
    });

  const compile = (engine: Engine, signature: Signature, key: string): Form => {
    const former = forms.former(key);
    const call = trace(engine, signature, { former });
    const executable = call.graph.outputs.length > 0 ? engine.compile(call.graph, call.options) : NOTHING;
    const form = { ...call, engine, executable, signature, assigns: new Set(call.assigned) };
    forms.add(key, form);
    onCompiled();
    if (former === undefined && forms.size === MANY) warn(manySignatures(fn.name, signature));
    if (former?.settled === false && ++again === MANY) warn(manyChanges(fn.name, former));
    return form;
  };

  return {
    formFor(engine, signature) {
      const key = `${engine.name}|${signatureKey(signature)}`;
      return forms.find(key) ?? compile(engine, signature, key);
    },
    trace,
  };
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
