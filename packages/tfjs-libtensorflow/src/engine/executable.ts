import { at, type Executable } from '@edm2/tfjs-jit/graph';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { LibtensorflowBackend } from '../backend/backend.js';
import type { TensorflowModel } from '../lowering/model.js';
import { addFunction } from '../native/function.js';
import type { Handle } from '../native/runtime.js';
import { DATA_TYPES } from './data-types.js';
import { Loan } from './loan.js';

/** How functions are compiled. */
export interface CompileOptions {
  /** True compiles with XLA. */
  readonly xla: boolean;
}

/** A compiled function that can also run beside the event loop. */
export interface AsyncExecutable extends Executable {
  /**
   * As `run`, on a thread of its own. Until the promise settles, donated tensors can neither be read nor passed to another
   * call.
   */
  runAsync(inputs: readonly Tensor[]): Promise<Tensor[]>;
}

let next = 0;

/** Loads a compiled function. One call of it is one call of TensorFlow; tensors stay on the device. */
export function compile(
  model: TensorflowModel,
  backend: LibtensorflowBackend,
  { xla }: CompileOptions,
): AsyncExecutable {
  const { runtime, device } = backend;
  const name = `edm2_jit_${next++}`;
  const results = model.outputs.flatMap((output) => (output.kind === 'tensor' ? [output.node] : []));
  // On a CPU the kernels look at indices themselves.
  const checks = xla || !/CPU/.test(device) ? (model.indexChecks ?? []) : [];
  const remove = addFunction(runtime, {
    name,
    graphDef: model.graphDef,
    inputs: [...model.inputs, ...model.captured].map(({ node }) => node),
    outputs: [...results, ...checks.map(({ node }) => node)],
    done: model.done,
    xla,
  });
  const captured = model.captured.map(({ shape, dtype, data }) => backend.upload(DATA_TYPES[dtype], shape, data));

  /** Everything that a call takes: tensors, variables, constants. */
  const prepare = (tensors: readonly Tensor[]): { loan: Loan; handles: Handle[] } => {
    const plain = model.inputs.map(({ variable }, i) => (variable ? undefined : backend.handleOf(at(tensors, i))));
    const loan = new Loan(backend, model.inputs, tensors);
    return { loan, handles: [...plain.map((handle, i) => handle ?? loan.handle(i)), ...captured] };
  };

  const count = results.length + checks.length;

  /** @throws {Error} for indices that pointed outside; then all results go. */
  const verify = (handles: readonly Handle[]): void => {
    const failed = checks.find((_, i) => runtime.read(at(handles, results.length + i))[0] !== 1);
    const gone = failed === undefined ? handles.slice(results.length) : handles;
    for (const handle of gone) runtime.release(handle);
    if (failed !== undefined) throw failed.error();
  };

  const collect = (loan: Loan, handles: readonly Handle[]): Tensor[] => {
    verify(handles);
    let position = 0;
    const outputs = model.outputs.map((output) =>
      output.kind === 'tensor'
        ? backend.adopt(at(handles, position++), output.shape, output.dtype)
        : backend.adoptVariable(loan.keep(output.input), output.shape),
    );
    loan.giveBack();
    return outputs;
  };

  const reworded = (error: unknown): unknown =>
    error instanceof Error && model.reword !== undefined ? model.reword(error) : error;

  let running = 0;
  let disposed = false;
  const free = (): void => {
    // TensorFlow looks for the function while a call runs.
    if (!disposed || running > 0) return;
    remove();
    for (const handle of captured.splice(0)) runtime.release(handle);
  };

  return {
    run(tensors) {
      const { loan, handles } = prepare(tensors);
      try {
        return collect(loan, runtime.execute(name, handles, count, { device }));
      } catch (error) {
        loan.giveBack();
        throw reworded(error);
      }
    },
    async runAsync(tensors) {
      const { loan, handles } = prepare(tensors);
      running++;
      try {
        return collect(loan, await runtime.executeAsync(name, handles, count, { device }));
      } catch (error) {
        loan.giveBack();
        throw reworded(error);
      } finally {
        running--;
        free();
      }
    },
    dispose() {
      disposed = true;
      free();
    },
  };
}
