import type { Tensor } from '@tensorflow/tfjs-core';
import type { LibtensorflowBackend } from '../backend/backend.js';
import type { VariableData } from '../backend/variable-data.js';
import type { TensorflowInput } from '../lowering/model.js';
import type { Handle } from '../native/runtime.js';
import { createVariable } from '../native/variable.js';

interface Lent {
  readonly handle: Handle;
  /** The tensor data that it comes from; none when it was made for this call. */
  readonly owner: VariableData | undefined;
}

/**
 * The variables that one call updates in place, one per donated input: the tensor's own, or a new one with its elements. Those
 * that come to hold a result are kept; the others go back, so that a call that fails leaves the tensors as they were.
 */
export class Loan {
  private readonly lent = new Map<number, Lent>();
  private readonly backend: LibtensorflowBackend;

  /** @param tensors - one per input. */
  constructor(backend: LibtensorflowBackend, inputs: readonly TensorflowInput[], tensors: readonly Tensor[]) {
    this.backend = backend;
    const seen = new Set<unknown>();
    const shared = new Set<unknown>();
    for (const { dataId } of tensors) (seen.has(dataId) ? shared : seen).add(dataId);
    try {
      inputs.forEach(({ variable, shape }, i) => {
        const tensor = tensors[i];
        if (variable && tensor !== undefined) this.lent.set(i, this.borrow(tensor, shape, shared.has(tensor.dataId)));
      });
    } catch (error) {
      this.giveBack();
      throw error;
    }
  }

  /** @param shared - true when the call takes the same tensor a second time. */
  private borrow(tensor: Tensor, shape: readonly number[], shared: boolean): Lent {
    const { backend } = this;
    const owner = backend.variableOf(tensor);
    if (owner?.lendable) {
      // Taken before the variable is lent: what the other inputs read must not change.
      if (shared) backend.handleOf(tensor);
      return { handle: owner.lend(shared), owner };
    }
    const value = backend.handleOf(tensor);
    return { handle: createVariable(backend.runtime, shape, value, backend.device), owner: undefined };
  }

  /** The variable of an input. */
  handle(input: number): Handle {
    const lent = this.lent.get(input);
    if (lent === undefined)
      throw new RangeError(`tensorflow: expected a tensor for input ${input}, got none. Pass one per input.`);
    return lent.handle;
  }

  /** The variable of an input, which belongs to a result from now on. */
  keep(input: number): Handle {
    const handle = this.handle(input);
    this.lent.get(input)?.owner?.surrender();
    this.lent.delete(input);
    return handle;
  }

  /** Gives back what no result keeps. */
  giveBack(): void {
    for (const { handle, owner } of this.lent.values()) {
      if (owner === undefined) this.backend.runtime.release(handle);
      else owner.takeBack();
    }
    this.lent.clear();
  }
}
