import {
  type backend_util,
  type DataId,
  type DataType,
  engine,
  getKernelsForBackend,
  KernelBackend,
  type KernelConfig,
  registerBackend,
  registerKernel,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { DECOMPOSITIONS } from '../decompose/table.js';
import { KERNELS } from '../kernels/table.js';
import type { Recorder } from './recorder.js';
import { REFUSED } from './refused.js';

/** Name under which the tracing backend is registered with TensorFlow.js. */
export const TRACE_BACKEND = 'jit-trace';

/** A TensorFlow.js backend that computes nothing: it hands every kernel call to the recorder of the trace in progress. */
export class TraceBackend extends KernelBackend {
  recorder: Recorder | undefined;
  /** The error for a promise of values that the trace in progress was asked for and does not know. */
  refusedRead: unknown;
  private readonly references = new Map<DataId, number>();

  /** The recorder, or an error for a tensor that outlived its trace. */
  active(): Recorder {
    if (this.recorder === undefined) {
      throw new Error(
        'jit: expected a tensor with values, got one that was made while a function was traced. ' +
          'Return it from the traced function instead of keeping it.',
      );
    }
    return this.recorder;
  }

  /** Registers the data of a symbolic tensor and returns its handle. */
  hold(dataId: DataId): void {
    this.references.set(dataId, 1);
  }

  override write(values: backend_util.BackendValues, shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.active().constant(dataId, values, shape, dtype);
    this.hold(dataId);
    return dataId;
  }

  override move(
    dataId: DataId,
    values: backend_util.BackendValues,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    this.active().constant(dataId, values, shape, dtype);
    this.references.set(dataId, refCount);
  }

  override readSync(dataId: DataId): backend_util.BackendValues {
    return this.active().read(dataId);
  }

  /** What is not known is never given out: nobody is to go on with a function whose trace has ended. */
  override read(dataId: DataId): Promise<backend_util.BackendValues> {
    try {
      return Promise.resolve(this.readSync(dataId));
    } catch (error) {
      this.refusedRead ??= error;
      return new Promise(() => {});
    }
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const count = (this.references.get(dataId) ?? 1) - 1;
    if (count > 0 && !force) {
      this.references.set(dataId, count);
      return false;
    }
    this.references.delete(dataId);
    return true;
  }

  override refCount(dataId: DataId): number {
    return this.references.get(dataId) ?? 0;
  }

  override incRef(dataId: DataId): void {
    this.references.set(dataId, this.refCount(dataId) + 1);
  }

  /** Called by TensorFlow.js beside the methods that its base class declares. */
  decRef(dataId: DataId): void {
    this.references.set(dataId, this.refCount(dataId) - 1);
  }

  override numDataIds(): number {
    return this.references.size;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {}
}

let instance: TraceBackend | undefined;
const registered = new Set<string>();

/** The one tracing backend, registered on first use with a recording kernel for every kernel name known by now. */
export function traceBackend(): TraceBackend {
  if (instance === undefined || engine().findBackend(TRACE_BACKEND) !== instance) {
    const made = new TraceBackend();
    registerBackend(TRACE_BACKEND, () => made, 0);
    instance = made;
  }
  const backend = instance;
  // Kernels that cannot be traced are registered too: their recorder call gives the error that explains it.
  const known = [...Object.keys(KERNELS), ...Object.keys(DECOMPOSITIONS), ...Object.keys(REFUSED), 'Identity'];
  const names = [...known, ...engine().backendNames().flatMap(kernelNames)];
  for (const kernelName of names) {
    if (registered.has(kernelName)) continue;
    registered.add(kernelName);
    registerKernel({ kernelName, backendName: TRACE_BACKEND, kernelFunc: recording(backend, kernelName) });
  }
  return backend;
}

const kernelNames = (backend: string): string[] => getKernelsForBackend(backend).map((kernel) => kernel.kernelName);

/** Kernels that give a list of as many tensors as there are parts: of one, too. */
const LISTS: ReadonlySet<string> = new Set(['Unpack', 'SplitV']);

const recording =
  (backend: TraceBackend, kernel: string): KernelConfig['kernelFunc'] =>
  ({ inputs, attrs }): TensorInfo | TensorInfo[] => {
    const recorder = backend.active();
    const composed = recorder.decompose(kernel, inputs, attrs ?? {});
    if (composed !== undefined) return composed;
    const outputs = recorder.kernel(kernel, inputs, attrs ?? {});
    for (const output of outputs) backend.hold(output.dataId);
    const [only] = outputs;
    return only === undefined || outputs.length > 1 || LISTS.has(kernel) ? outputs : only;
  };
