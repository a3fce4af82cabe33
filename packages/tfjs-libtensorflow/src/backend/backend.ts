import { sameShape } from '@edm2/tfjs-jit/graph';
import {
  type backend_util,
  type DataId,
  type DataStorage,
  type DataType,
  engine,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { NodeJSKernelBackend } from '@tensorflow/tfjs-node/dist/nodejs_kernel_backend.js';
import { DataType as Type } from '../native/data-type.js';
import type { Handle, Runtime } from '../native/runtime.js';
import { Binding } from './binding.js';
import { VariableData } from './variable-data.js';
import { Views } from './views.js';

/** What the Node backend keeps of a tensor: values not uploaded yet, or the binding's number. */
interface PlainData {
  readonly shape: readonly number[];
  readonly dtype: number;
  values: unknown;
  id: number;
  refCount: number;
}

const TYPES: Readonly<Record<string, number>> = {
  float32: Type.float32,
  int32: Type.int32,
  bool: Type.bool,
  string: Type.string,
  complex64: Type.complex64,
};

/** Types of data that casts of other backends share. What TensorFlow itself made of others (uint8, int64) goes as it is. */
const SHARED: ReadonlySet<number> = new Set([Type.float32, Type.int32, Type.bool]);

/** TensorFlow.js's Node backend over the C library, extended by tensors that live in resource variables. */
export class LibtensorflowBackend extends NodeJSKernelBackend {
  readonly runtime: Runtime;
  /** Full name of the device that compiled functions and variables are on. */
  readonly device: string;
  private readonly native: Binding;
  private readonly views: Views;

  /** @param device - full name of the device to run on. */
  constructor(runtime: Runtime, device: string) {
    const gpu = /GPU/.test(device);
    const binding = new Binding(runtime, gpu ? device : undefined);
    super(binding as never, gpu ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node');
    this.runtime = runtime;
    this.device = device;
    this.native = binding;
    this.views = new Views(binding);
    // What operations take, by the binding's numbers; private in TypeScript. The 64-bit scalars among them are not ours.
    const { getInputTensorIds } = this as unknown as { getInputTensorIds: (inputs: readonly unknown[]) => number[] };
    Object.assign(this, {
      getInputTensorIds: (inputs: readonly TensorInfo[]): number[] =>
        inputs.flatMap((input) => ('dataId' in input ? this.idOf(input) : getInputTensorIds.call(this, [input]))),
    });
  }

  private get entries(): DataStorage<PlainData | VariableData> {
    return (this as unknown as { tensorMap: DataStorage<PlainData | VariableData> }).tensorMap;
  }

  /** The tensor's elements as a handle, which stays the backend's. A tensor of another backend is moved here. */
  handleOf(tensor: Tensor): Handle {
    return this.native.handleOf(this.idOf(tensor));
  }

  private idOf({ dataId, shape, dtype }: TensorInfo): number {
    const entry = this.entries.get(dataId);
    if (entry instanceof VariableData) return entry.id;
    if (entry.values !== null && entry.values !== undefined) {
      entry.id = this.native.createTensor(entry.shape, entry.dtype, entry.values);
      entry.values = null;
    }
    const type = SHARED.has(entry.dtype) ? (TYPES[dtype] ?? entry.dtype) : entry.dtype;
    const fits = type === entry.dtype && sameShape(shape, entry.shape);
    return fits ? entry.id : this.views.of(dataId, entry.id, { from: entry.dtype, type, shape });
  }

  /** A handle over elements, on the device where kernels want it; the caller releases it. */
  upload(type: number, shape: readonly number[], values: ArrayBufferView): Handle {
    return this.native.upload(shape, type, values);
  }

  /** What keeps the tensor's variable, if it lives in one. */
  variableOf(tensor: Tensor): VariableData | undefined {
    const entry = this.entries.get(tensor.dataId);
    return entry instanceof VariableData ? entry : undefined;
  }

  /** A tensor over a handle, which is the backend's from now on. */
  adopt(handle: Handle, shape: readonly number[], dtype: DataType): Tensor {
    const id = this.native.adopt(handle);
    return this.tensor({ shape, dtype: TYPES[dtype] ?? Type.float32, values: null, id, refCount: 1 }, dtype);
  }

  /** A float32 tensor that lives in a variable, which is the tensor's from now on. */
  adoptVariable(variable: Handle, shape: readonly number[]): Tensor {
    return this.tensor(new VariableData(this.runtime, this.native, shape, variable), 'float32');
  }

  private tensor(entry: PlainData | VariableData, dtype: DataType): Tensor {
    const dataId: DataId = {};
    this.entries.set(dataId, entry);
    return engine().makeTensorFromTensorInfo({ dataId, shape: [...entry.shape], dtype }, this);
  }

  /** Waits on a thread of its own: the event loop goes on. */
  override async read(dataId: DataId): Promise<backend_util.BackendValues> {
    const entry = this.entries.get(dataId);
    if (entry.values !== null && entry.values !== undefined) return entry.values as backend_util.BackendValues;
    return (await this.runtime.readAsync(this.native.handleOf(entry.id))) as backend_util.BackendValues;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const entry = this.entries.has(dataId) ? this.entries.get(dataId) : undefined;
    if (!(entry instanceof VariableData)) {
      const released = super.disposeData(dataId, force);
      if (released) this.views.release(dataId);
      return released;
    }
    entry.refCount--;
    if (!force && entry.refCount > 0) return false;
    entry.dispose();
    this.entries.delete(dataId);
    return true;
  }
}
