import { kindOf, known } from '@edm2/options';
import type { Engine } from './engine.js';
import type { Precision } from './passes/reduce-precision.js';

/** Options of {@link jit}. */
export interface JitOptions {
  /** Engine to compile for; default: the one of the current TensorFlow.js backend at the time of the call. */
  readonly engine?: Engine;
  /** Positions of arguments whose tensors the call consumes: they are disposed, and their memory is reused. */
  readonly donate?: readonly number[];
  /**
   * Arithmetic of convolutions and matrix products; default `'float32'`. In 16 bit their operands are rounded and their
   * results are float32 again (on XLA, 16 bit from one product to the next); reductions, element-wise kernels, small products and updates of state stay float32. float16
   * overflows above 65504: replace gradients that are not finite. An engine
   * without it refuses, and without an engine `warn` hears once that it changes nothing.
   */
  readonly precision?: Precision;
  /** Gets a message when the function compiles again and again, or `precision` is in vain; default: `console.warn`. */
  readonly warn?: (message: string) => void;
}

/** Options with their defaults. */
export interface CheckedOptions {
  readonly engine: Engine | undefined;
  readonly donate: readonly number[];
  readonly precision: Precision;
  readonly warn: (message: string) => void;
}

const NAMES = { engine: true, donate: true, precision: true, warn: true } as const;
const PRECISIONS: readonly unknown[] = ['float32', 'bfloat16', 'float16'];

// biome-ignore lint/suspicious/noConsole: the default of an option; a function that compiles at every call must not stay silent
const warnOnConsole = (message: string): void => console.warn(message);

/**
 * Checks what `jit` is given, from JavaScript too.
 *
 * @throws {TypeError} for what is of another kind, and for options that there are not.
 * @throws {RangeError} for a precision or a position that does not exist.
 */
export function checkOptions(fn: unknown, options: JitOptions): CheckedOptions {
  if (typeof fn !== 'function')
    throw new TypeError(`jit: expected a function, got ${kindOf(fn)}. Pass (x) => model.predict(x).`);
  if (fn.constructor.name === 'AsyncFunction') throw new TypeError(ASYNC);
  const { engine, donate = [], precision = 'float32', warn = warnOnConsole } = known('jit', options, NAMES);
  if (engine !== undefined) checkEngine(engine);
  if (!Array.isArray(donate)) {
    throw new TypeError(
      `jit: expected donate to list argument positions, got ${kindOf(donate)}. Write donate: [0] for the first.`,
    );
  }
  const wrong = donate.findIndex((position: unknown) => !Number.isInteger(position) || (position as number) < 0);
  if (wrong >= 0) {
    const got: unknown = donate[wrong];
    const shown = typeof got === 'number' ? got : kindOf(got);
    throw new RangeError(`jit: expected donate to list argument positions, got ${shown}. Count from 0.`);
  }
  if (!PRECISIONS.includes(precision)) {
    const shown = typeof precision === 'string' ? `'${precision}'` : kindOf(precision);
    throw new RangeError(
      `jit: expected precision to be ${PRECISIONS.join(', ')}, got ${shown}. Leave it out for float32.`,
    );
  }
  if (typeof warn !== 'function')
    throw new TypeError(`jit: expected warn to be a function, got ${kindOf(warn)}. Leave it out for console.warn.`);
  return { engine, donate, precision, warn };
}

const ASYNC =
  'jit: expected a synchronous function, got one that returns a promise: what it does after an await would not be compiled. ' +
  'Await outside, and pass what was awaited as arguments.';

/** The error for a function that returned a promise, which is let go. */
export function promised(promise: Promise<unknown>): TypeError {
  promise.catch(() => undefined);
  return new TypeError(ASYNC);
}

function checkEngine(engine: unknown): void {
  const named = typeof engine === 'object' && engine !== null ? (engine as Partial<Engine>) : {};
  if (typeof named.compile === 'function' && typeof named.name === 'string' && typeof named.backend === 'string')
    return;
  const [got, remedy] =
    engine instanceof Promise
      ? ['a promise', 'Await it first']
      : [kindOf(engine), 'Leave it out for that of the current TensorFlow.js backend'];
  throw new TypeError(
    `jit: expected engine to be what the start function of an engine's package gives, got ${got}. ${remedy}.`,
  );
}
