import {
  AdadeltaOptimizer,
  AdagradOptimizer,
  AdamaxOptimizer,
  AdamOptimizer,
  MomentumOptimizer,
  Optimizer,
  RMSPropOptimizer,
  SGDOptimizer,
  scalar,
  Tensor,
} from '@tensorflow/tfjs-core';
import type { Slot } from './slot.js';

/** TensorFlow.js's own optimizers: a learning rate is a factor of tensors to them, and nothing else. */
const BUILT_IN = [
  SGDOptimizer,
  MomentumOptimizer,
  AdagradOptimizer,
  AdadeltaOptimizer,
  AdamOptimizer,
  AdamaxOptimizer,
  RMSPropOptimizer,
] as const;

/** An optimizer's fields, private ones too. */
type Fields = Record<string, unknown>;
const fieldsOf = (optimizer: Optimizer): Fields => optimizer as unknown as Fields;

/** Fields that a compiled function follows: the learning rate, as a number or as the tensor that SGD makes of it, and the count. */
const FOLLOWED: ReadonlySet<string> = new Set(['learningRate', 'c', 'iterations_', 'iterations']);

/** What a trace has seen of an optimizer. */
export interface SeenOptimizer {
  readonly optimizer: Optimizer;
  /** How many iterations it counted: as many more at every call. */
  readonly iterations: number;
  /** What its other fields held, which is in the trace for good. */
  readonly fields: readonly (readonly [name: string, value: unknown])[];
}

/** Watches the optimizers that a function applies while it is traced. */
export interface OptimizerWatch {
  /** The learning rate that a number in the trace stands for, and whether the number is its negative. */
  rateOf(value: number): { readonly slot: Slot; readonly negative: boolean } | undefined;
  /** The learning rate that a tensor from outside is. */
  slotOf(tensor: Tensor): Slot | undefined;
  /** Optimizers are as they were before the trace from now on. */
  end(): void;
  /**
   * What was seen, after the end.
   *
   * @throws {Error} for an optimizer that keeps what changes from step to step in numbers.
   */
  seen(): readonly SeenOptimizer[];
}

/** The name of an optimizer in messages: `Adam`. */
const optimizerName = (optimizer: Optimizer): string =>
  (optimizer.constructor as unknown as { readonly className?: string }).className ?? optimizer.constructor.name;

/** Counts the iterations of one call. */
export function countIterations(seen: readonly SeenOptimizer[]): void {
  for (const { optimizer, iterations } of seen) {
    const fields = fieldsOf(optimizer);
    if (iterations > 0) fields['iterations_'] = Number(fields['iterations_'] ?? 0) + iterations;
  }
}

/** The first field that is another one now than when it was traced. */
export const changedField = ({ optimizer, fields }: SeenOptimizer): string | undefined => {
  const now = fieldsOf(optimizer);
  const changed = fields.find(([name, value]) => !same(value, now[name]));
  return changed && `${optimizerName(optimizer)}.${changed[0]}`;
};

/** A variable of an optimizer lies in an entry of a list, beside its name. */
const held = (entry: unknown): unknown =>
  typeof entry === 'object' && entry !== null && 'variable' in entry ? entry.variable : entry;
const copied = (value: unknown): unknown => (Array.isArray(value) ? value.map(held) : value);
const same = (before: unknown, now: unknown): boolean =>
  Array.isArray(before)
    ? Array.isArray(now) && before.length === now.length && before.every((entry, i) => entry === held(now[i]))
    : Object.is(before, now);

/** An optimizer that a trace has met. */
interface Watched {
  readonly optimizer: Optimizer;
  readonly slot: Slot;
  /** The number that stands for its learning rate in the trace. */
  readonly standIn: number;
  /** Its fields before. */
  readonly before: Fields;
  /** How deep in its own methods the trace is. */
  depth: number;
  /** How often the stand-in was given out, less how often it came back. */
  open: number;
  /** True once its learning rate was read as a number that is in the trace for good. */
  rateFrozen: boolean;
  iterations: number;
}

/** Float32 numbers that nobody else uses. */
const standIns = (): (() => number) => {
  let next = 0;
  return () => Math.fround(1.2345679e-31 * (1 + next++ * 2 ** -16));
};

/**
 * Watches optimizers until `end`. Their methods run as they are; what they would change for good is undone.
 *
 * @param known - optimizers of an earlier trace of the function: also what it does with them before they are applied is seen.
 * @param follow - learning rates become inputs; else they are the numbers that they are now.
 */
export function watchOptimizers(known: Iterable<Optimizer>, follow: boolean): OptimizerWatch {
  const watched = new Map<Optimizer, Watched>();
  const nextStandIn = standIns();
  const restore: (() => void)[] = [];

  const note = (optimizer: Optimizer): Watched => {
    const noted = watched.get(optimizer);
    if (noted !== undefined) return noted;
    const fields = fieldsOf(optimizer);
    const made: Watched = {
      optimizer,
      slot: slotFor(optimizer),
      standIn: nextStandIn(),
      before: { ...fields },
      depth: 0,
      open: 0,
      rateFrozen: false,
      iterations: 0,
    };
    watched.set(optimizer, made);
    restore.push(hide(made, follow));
    return made;
  };
  const within = <T>(optimizer: Optimizer, run: () => T): T => {
    const entry = note(optimizer);
    entry.depth++;
    try {
      return run();
    } finally {
      entry.depth--;
    }
  };

  for (const optimizer of known) note(optimizer);
  for (const { prototype } of BUILT_IN) {
    restore.push(
      replace(
        prototype,
        'applyGradients',
        (original) =>
          function (this: Optimizer, ...args) {
            return within(this, () => original.apply(this, args));
          },
      ),
    );
  }
  const base = Optimizer.prototype;
  restore.push(
    replace(
      base,
      'minimize',
      (original) =>
        function (this: Optimizer, ...args) {
          note(this);
          return original.apply(this, args);
        },
    ),
    replace(
      base,
      'incrementIterations',
      (original) =>
        function (this: Optimizer, ...args) {
          return within(this, () => original.apply(this, args));
        },
    ),
    replace(
      SGDOptimizer.prototype,
      'setLearningRate',
      () =>
        function (this: Optimizer) {
          throw fieldsOf(this)['c'] === undefined ? refusedMaking(this) : refusedRate(this);
        },
    ),
  );

  return {
    rateOf(value) {
      const entry = [...watched.values()].find(({ standIn }) => standIn === Math.abs(value));
      if (entry === undefined) return undefined;
      entry.open--;
      return { slot: entry.slot, negative: value < 0 };
    },
    slotOf(tensor) {
      if (!follow) return undefined;
      return [...watched.values()].find(({ before }) => before['c'] === tensor)?.slot;
    },
    end() {
      for (const undo of restore.reverse()) undo();
      for (const entry of watched.values()) putBack(entry);
    },
    seen: () => [...watched.values()].map(seenOf),
  };
}

/** The learning rate of an optimizer as a call reads it. */
function slotFor(optimizer: Optimizer): Slot {
  const fields = fieldsOf(optimizer);
  const shape: readonly number[] = [];
  const rate = 'the learning rate of';
  if (fields['c'] instanceof Tensor) {
    return {
      shape,
      dtype: 'float32',
      made: false,
      read() {
        const { c } = fields;
        if (c instanceof Tensor && !c.isDisposed) return c;
        throw new Error(
          `jit: expected ${rate} ${optimizerName(optimizer)}, got an optimizer that was disposed. Make a new one, and a new compiled function.`,
        );
      },
    };
  }
  return {
    shape,
    dtype: 'float32',
    made: true,
    read() {
      const { learningRate } = fields;
      if (typeof learningRate === 'number') return scalar(learningRate);
      throw new TypeError(
        `jit: expected ${rate} ${optimizerName(optimizer)} to be a number, got ${learningRate}. Set learningRate to one.`,
      );
    },
  };
}

/**
 * Puts properties over an optimizer's own for the time of a trace.
 *
 * @returns what takes them away.
 */
function hide(entry: Watched, follow: boolean): () => void {
  const { optimizer, before, standIn } = entry;
  const fields = fieldsOf(optimizer);
  const hidden: PropertyDescriptorMap = {
    iterations: {
      get() {
        if (entry.depth === 0) throw refusedCount(optimizer);
        return Number(fields['iterations_'] ?? 0);
      },
    },
  };
  if ('learningRate' in before && Object.getOwnPropertyDescriptor(fields, 'learningRate')?.configurable === true) {
    hidden['learningRate'] = {
      get() {
        if (entry.depth === 0 || !follow) {
          entry.rateFrozen ||= entry.depth === 0;
          return before['learningRate'];
        }
        entry.open++;
        return standIn;
      },
      set() {
        throw refusedRate(optimizer);
      },
    };
  }
  for (const [name, property] of Object.entries(hidden)) {
    Object.defineProperty(fields, name, { ...property, configurable: true, enumerable: name in before });
  }
  return () => {
    for (const name of Object.keys(hidden)) {
      if (name in before)
        Object.defineProperty(fields, name, { value: before[name], writable: true, enumerable: true });
      else Reflect.deleteProperty(fields, name);
    }
  };
}

/** Numbers are again what they were. */
function putBack(entry: Watched): void {
  const { optimizer, before } = entry;
  const fields = fieldsOf(optimizer);
  entry.iterations = Number(fields['iterations_'] ?? 0) - Number(before['iterations_'] ?? 0);
  if ('iterations_' in before) fields['iterations_'] = before['iterations_'];
  else Reflect.deleteProperty(fields, 'iterations_');
}

function seenOf({ optimizer, before, iterations, rateFrozen, open }: Watched): SeenOptimizer {
  const fields = fieldsOf(optimizer);
  const name = optimizerName(optimizer);
  if (open !== 0) {
    throw new Error(
      `jit: expected ${name} to multiply by its learning rate, got one that computes with it in JavaScript, where a new ` +
        'rate would not be seen. Apply the gradients outside the compiled function.',
    );
  }
  for (const [key, value] of Object.entries(before)) {
    const now = fields[key];
    if (typeof value !== 'number' || typeof now !== 'number' || Object.is(now, value)) continue;
    fields[key] = value;
    throw new Error(
      `jit: expected an optimizer that keeps what changes from step to step in variables, got ${name}.${key}, a number that ` +
        `went from ${value} to ${now}. Make it a tf.variable, or apply the gradients outside the compiled function.`,
    );
  }
  const kept = Object.keys(fields).filter((key) => !FOLLOWED.has(key) || (key === 'learningRate' && rateFrozen));
  return { optimizer, iterations, fields: kept.map((key) => [key, copied(fields[key])] as const) };
}

/**
 * Replaces a method of a class.
 *
 * @returns what puts it back.
 */
function replace(
  prototype: object,
  name: string,
  make: (original: (...args: unknown[]) => unknown) => (this: Optimizer, ...args: unknown[]) => unknown,
): () => void {
  const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
  const original = methods[name];
  if (original === undefined) return () => undefined;
  methods[name] = make(original) as typeof original;
  return () => {
    methods[name] = original;
  };
}

const refusedMaking = (optimizer: Optimizer): Error =>
  new Error(
    `jit: expected a function that makes no optimizers, got tf.train.${optimizerName(optimizer).toLowerCase()}. Make it before the call and close over it.`,
  );
const refusedRate = (optimizer: Optimizer): Error =>
  new Error(
    `jit: expected learning rates to be set between calls, got one set inside the function (${optimizerName(optimizer)}). ` +
      'Set it before the call, which reads it: nothing compiles again.',
  );
const refusedCount = (optimizer: Optimizer): Error =>
  new Error(
    `jit: expected a function that does not depend on ${optimizerName(optimizer)}.iterations, got one that reads it: it is another ` +
      'number at every call. Pass it as an argument, as tf.scalar(optimizer.iterations).',
  );
