import {
  AdadeltaOptimizer,
  AdagradOptimizer,
  AdamaxOptimizer,
  AdamOptimizer,
  MomentumOptimizer,
  Optimizer,
  RMSPropOptimizer,
  SGDOptimizer,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { hide, putBack, refusedMaking, refusedRate, slotFor } from './hide-fields.js';
import { fieldsOf, type Watched } from './optimizer-fields.js';
import { type SeenOptimizer, seenOf } from './seen-optimizer.js';
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
