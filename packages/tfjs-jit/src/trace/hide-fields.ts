import { type Optimizer, scalar, Tensor } from '@tensorflow/tfjs-core';
import { fieldsOf, optimizerName, type Watched } from './optimizer-fields.js';
import type { Slot } from './slot.js';

/** The learning rate of an optimizer as a call reads it. */
export function slotFor(optimizer: Optimizer): Slot {
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
export function hide(entry: Watched, follow: boolean): () => void {
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
export function putBack(entry: Watched): void {
  const { optimizer, before } = entry;
  const fields = fieldsOf(optimizer);
  entry.iterations = Number(fields['iterations_'] ?? 0) - Number(before['iterations_'] ?? 0);
  if ('iterations_' in before) fields['iterations_'] = before['iterations_'];
  else Reflect.deleteProperty(fields, 'iterations_');
}

export const refusedMaking = (optimizer: Optimizer): Error =>
  new Error(
    `jit: expected a function that makes no optimizers, got tf.train.${optimizerName(optimizer).toLowerCase()}. Make it before the call and close over it.`,
  );
export const refusedRate = (optimizer: Optimizer): Error =>
  new Error(
    `jit: expected learning rates to be set between calls, got one set inside the function (${optimizerName(optimizer)}). ` +
      'Set it before the call, which reads it: nothing compiles again.',
  );
const refusedCount = (optimizer: Optimizer): Error =>
  new Error(
    `jit: expected a function that does not depend on ${optimizerName(optimizer)}.iterations, got one that reads it: it is another ` +
      'number at every call. Pass it as an argument, as tf.scalar(optimizer.iterations).',
  );
