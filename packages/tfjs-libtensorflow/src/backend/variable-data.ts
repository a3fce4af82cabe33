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

  constructor(runtime: Runtime, binding: Binding, shape: readonly number[], variable: Handle) {
    this.runtime = runtime;
    this.binding = binding;
    this.shape = shape;
    this.variable = variable;
  }

  /** The binding's number of a tensor with the elements as they are now. */
  get id(): number {
    if (this.snapshot !== undefined) return this.snapshot;
    if (this.variable === undefined)
      throw new Error(
        'tensorflow: expected a tensor, got one that was donated to a compiled function. Use the tensor that the function returned in its place.',
      );
    this.snapshot = this.binding.adopt(readVariable(this.runtime, this.variable));
    return this.snapshot;
  }

  /**
   * The variable, for a function that updates it in place. Clones of the tensor keep what it held until now.
   *
   * @param read - true when the same call also reads the tensor.
   * @returns undefined when a function has it already.
   */
  lend(read: boolean): Handle | undefined {
    if (this.variable === undefined) return undefined;
    if (this.refCount > 1) void this.id;
    else if (!read) this.forget();
    return this.variable;
  }

  /** The variable belongs to another tensor from now on. */
  surrender(): void {
    this.variable = undefined;
  }

  /** Frees what this tensor holds. */
  dispose(): void {
    this.forget();
    if (this.variable !== undefined) this.runtime.release(this.variable);
    this.variable = undefined;
  }

  private forget(): void {
    if (this.snapshot !== undefined) this.binding.deleteTensor(this.snapshot);
    this.snapshot = undefined;
  }
}
