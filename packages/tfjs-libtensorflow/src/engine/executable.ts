import type { Executable, TensorflowModel } from '@edm2/tfjs-jit';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LibtensorflowBackend } from '../backend/backend.js';
import type { VariableData } from '../backend/variable-data.js';
import { DataType } from '../native/data-type.js';
import { addFunction } from '../native/function.js';
import type { Handle } from '../native/runtime.js';
import { createVariable } from '../native/variable.js';

/** A variable that a call updates in place. */
interface Lent {
  readonly handle: Handle;
  /** The tensor data that it comes from; none when it was made for this call. */
  readonly owner: VariableData | undefined;
}

const TYPES = { float32: DataType.float32, int32: DataType.int32, bool: DataType.bool } as const;
let next = 0;

/** How functions are compiled. */
export interface CompileOptions {
  /** True compiles with XLA. */
  readonly xla: boolean;
}

/** Loads a compiled function. One call of it is one call of TensorFlow; tensors stay on the device. */
export function compile(model: TensorflowModel, backend: LibtensorflowBackend, { xla }: CompileOptions): Executable {
  const { runtime, device } = backend;
  const name = `edm2_jit_${next++}`;
  const results = model.outputs.flatMap((output) => (output.kind === 'tensor' ? [output.node] : []));
  const remove = addFunction(runtime, {
    name,
    graphDef: model.graphDef,
    inputs: [...model.inputs, ...model.captured].map(({ node }) => node),
    outputs: results,
    done: model.done,
    xla,
  });
  const captured = model.captured.map(({ shape, dtype, data }) =>
    runtime.create(TYPES[dtype], shape, data, dtype === 'int32' ? undefined : device),
  );

  /** Variables for the inputs that want one; a tensor that has none yet is copied into a new one. */
  const borrow = (tensors: readonly Tensor[]): Map<number, Lent> => {
    const lent = new Map<number, Lent>();
    const read = new Set<unknown>();
    const taken = new Set<VariableData>();
    model.inputs.forEach(({ variable }, i) => {
      if (!variable) read.add(tensors[i]?.dataId);
    });
    try {
      model.inputs.forEach(({ variable, shape }, i) => {
        if (!variable) return;
        const tensor = tensors[i] as Tensor;
        const owner = backend.variableOf(tensor);
        // The same tensor may come in twice: the second time it is copied.
        const handle = owner && !taken.has(owner) ? owner.lend(read.has(tensor.dataId)) : undefined;
        if (owner !== undefined && handle !== undefined) {
          taken.add(owner);
          lent.set(i, { handle, owner });
          return;
        }
        const made = createVariable(runtime, shape, backend.handleOf(tensor), device);
        lent.set(i, { handle: made, owner: undefined });
      });
      return lent;
    } catch (error) {
      giveBack(lent.values());
      throw error;
    }
  };

  /** Frees the variables that were made for a call and came to belong to no tensor. */
  const giveBack = (lent: Iterable<Lent>): void => {
    for (const { handle, owner } of lent) if (owner === undefined) runtime.release(handle);
  };

  const collect = (handles: readonly Handle[], lent: Map<number, Lent>): Tensor[] => {
    let position = 0;
    const outputs = model.outputs.map((output) => {
      if (output.kind === 'tensor') return backend.adopt(handles[position++] as Handle, output.shape, output.dtype);
      const { handle, owner } = lent.get(output.input) as Lent;
      lent.delete(output.input);
      owner?.surrender();
      return backend.adoptVariable(handle, output.shape);
    });
    giveBack(lent.values());
    return outputs;
  };

  return {
    run(tensors) {
      const plain = model.inputs.map(({ variable }, i) =>
        variable ? undefined : backend.handleOf(tensors[i] as Tensor),
      );
      const lent = borrow(tensors);
      const inputs = plain.map((handle, i) => handle ?? (lent.get(i) as Lent).handle);
      let handles: Handle[];
      try {
        handles = runtime.execute(name, [...inputs, ...captured], results.length, { device });
      } catch (error) {
        giveBack(lent.values());
        throw error;
      }
      return collect(handles, lent);
    },
    dispose() {
      remove();
      for (const handle of captured) runtime.release(handle);
      captured.length = 0;
    },
  };
}
