import { DataType } from '../native/data-type.js';
import type { Handle, Runtime } from '../native/runtime.js';
import { readVariable } from '../native/variable.js';
import type { Binding } from './binding.js';

/**
 * Data of a tensor that a compiled function keeps in a resource variable, in the shape that TensorFlow.js's Node backend
 * keeps its entries. Whoever asks for `id` gets a snapshot: later updates of the variable do not change it.
 */
export class VariableData {
  readonly dtype = DataType.float32;
  readonly values = null;
  refCount = 1;
  readonly shape: readonly number[];
  private readonly runtime: Runtime;
  private readonly binding: Binding;
  private variable: Handle | undefined;
  private snapshot: number | undefined;
  /** True while a call updates the variable. */
  private lent = false;
  private disposed = false;

  constructor(runtime: Runtime, binding: Binding, shape: readonly number[], variable: Handle) {
    this.runtime = runtime;
    this.binding = binding;
    this.shape = shape;
    this.variable = variable;
  }

  /** The binding's number of a tensor with the elements as they are now. */
  get id(): number {
    if (this.snapshot === undefined) this.snapshot = this.binding.adopt(readVariable(this.runtime, this.atRest()));
    return this.snapshot;
  }

  /** False once a call was given the variable: clones of the tensor have a snapshot then. */
  get lendable(): boolean {
    return this.variable !== undefined && !this.lent;
  }

  private atRest(): Handle {
    if (this.variable === undefined)
      throw new Error(
        'tensorflow: expected a tensor, got one that was donated to a compiled function. Use the tensor that the function returned in its place.',
      );
    if (this.lent)
      throw new Error(
        'tensorflow: expected a tensor, got one that a call which has not ended yet was given to update. Await that call first.',
      );
    return this.variable;
  }

  /**
   * The variable, for a call that updates it in place. Clones of the tensor keep what it held until now.
   *
   * @param read - true when the same call also reads the tensor.
   */
  lend(read: boolean): Handle {
    const variable = this.atRest();
    if (this.refCount > 1) void this.id;
    // A snapshot shares the variable's memory, and TensorFlow copies before it updates memory that is shared.
    else if (!read) this.forget();
    this.lent = true;
    return variable;
  }

  /** The call did not come to keep the variable. */
  takeBack(): void {
    this.lent = false;
    if (this.disposed) this.release();
  }

  /** The variable belongs to another tensor from now on. */
  surrender(): void {
    this.variable = undefined;
    this.lent = false;
  }

  /** Frees what this tensor holds; a variable that is lent, when it comes back. */
  dispose(): void {
    this.disposed = true;
    this.forget();
    if (!this.lent) this.release();
  }

  private release(): void {
    if (this.variable !== undefined) this.runtime.release(this.variable);
    this.variable = undefined;
  }

  private forget(): void {
    if (this.snapshot !== undefined) this.binding.deleteTensor(this.snapshot);
    this.snapshot = undefined;
  }
}
