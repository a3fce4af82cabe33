import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { checkNotLent } from '../lent.js';

/** What a compiled function reads at every call beside its arguments: a variable, an optimizer's learning rate. */
export interface Slot {
  readonly shape: readonly number[];
  readonly dtype: string;
  /**
   * The tensor of a call.
   *
   * @throws {Error} when there is none any more, with its name.
   */
  read(): Tensor;
  /** True when `read` makes the tensor for the call, which disposes it. */
  readonly made: boolean;
}

/** What a call reads from slots. */
export interface Reading {
  readonly tensors: readonly Tensor[];
  /** Ends the tensors that were made for the call. */
  end(): void;
}

/** Reads every slot, in order; nothing is left when one of them cannot be read. */
export function readSlots(slots: readonly Slot[]): Reading {
  const tensors: Tensor[] = [];
  const end = (): void => {
    tensors.forEach((tensor, i) => {
      if (slots[i]?.made) tensor.dispose();
    });
  };
  try {
    for (const slot of slots) tensors.push(slot.read());
  } catch (error) {
    end();
    throw error;
  }
  return { tensors, end };
}

/** A variable, as it is at the time of a call. */
export const slotOfVariable = (variable: Variable): Slot => ({
  shape: variable.shape,
  dtype: variable.dtype,
  made: false,
  read() {
    checkNotLent(variable, () => `variable '${variable.name}'`);
    return variable;
  },
});
