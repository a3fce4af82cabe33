import { isPlainOrder, type Port, toData, toPhysical, toPlain } from '@edm2/tfjs-jit';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { type backend_util, type DataId, type DataType, engine, type Tensor } from '@tensorflow/tfjs-core';
import { type ArrayPool, arrayPool, type Data, type DType } from './pool.js';

/** Name of the TensorFlow.js backend. */
export const BACKEND = 'onnxruntime';

/**
 * Data of a tensor that a compiled function wrote, in the order of axes that suits the engine. Reading `values`, which
 * kernels and `dataSync` do, gives TensorFlow.js's own order.
 */
class EngineData {
  refCount = 1;
  /** True once someone outside holds the array: it must then never be written again. */
  exposed = false;
  private plain: Data | undefined;

  readonly dtype: DType;
  readonly physical: Data;
  readonly shape: readonly number[];
  readonly order: readonly number[];

  constructor(dtype: DType, physical: Data, shape: readonly number[], order: readonly number[]) {
    this.dtype = dtype;
    this.physical = physical;
    this.shape = shape;
    this.order = order;
  }

  get values(): Data {
    if (isPlainOrder(this.shape, this.order)) {
      this.exposed = true;
      return this.physical;
    }
    this.plain ??= toPlain(this.physical, this.shape, this.order);
    return this.plain;
  }
}

/** TensorFlow.js's cpu backend, extended by tensors that ONNX Runtime reads and writes in place. */
export class OnnxRuntimeBackend extends MathBackendCPU {
  private readonly pool: ArrayPool = arrayPool(() => Math.max(this.peakBytes, 64 << 20));
  private liveBytes = 0;
  private peakBytes = 0;

  /** The tensor's elements in the order that `port` wants; converted at most once and kept so. */
  physical(tensor: Tensor, port: Port): Data {
    // A tensor of another backend is moved here by the lookup, as for any kernel.
    const entry = this.data.get(tensor.dataId) as { values?: unknown; dtype: string; refCount: number };
    if (entry instanceof EngineData && sameShape(entry.shape, tensor.shape) && sameShape(entry.order, port.order)) {
      return entry.physical;
    }
    const values = this.readSync(tensor.dataId) as ArrayLike<number>;
    const plain = toData(values, port.dtype);
    // Some cpu kernels leave plain JavaScript arrays behind.
    if (plain !== values) this.data.set(tensor.dataId, { ...entry, values: plain } as never);
    if (isPlainOrder(port.shape, port.order)) return plain;
    const data = new EngineData(port.dtype, toPhysical(plain, port.shape, port.order), port.shape, port.order);
    data.refCount = entry.refCount;
    this.data.set(tensor.dataId, data as never);
    return data.physical;
  }

  /** An array for an output, from the pool where one of that size is free. */
  take(dtype: DType, length: number): Data {
    return this.pool.take(dtype, length);
  }

  /** A tensor over an array that a compiled function wrote. */
  adopt(data: Data, port: Port): Tensor {
    const dataId: DataId = {};
    this.data.set(dataId, new EngineData(port.dtype, data, port.shape, port.order) as never);
    this.liveBytes += data.byteLength;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    return engine().makeTensorFromTensorInfo({ dataId, shape: [...port.shape], dtype: port.dtype }, this);
  }

  /** As the cpu backend does, without its advice to install another one. */
  override write(values: backend_util.BackendValues, _shape: number[], dtype: DataType): DataId {
    const dataId: DataId = {};
    this.data.set(dataId, { values, dtype, refCount: 1 });
    return dataId;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const entry: unknown = this.data.has(dataId) ? this.data.get(dataId) : undefined;
    const released = super.disposeData(dataId, force);
    if (released && entry instanceof EngineData) {
      this.liveBytes -= entry.physical.byteLength;
      if (!entry.exposed) this.pool.give(entry.dtype, entry.physical);
    }
    return released;
  }

  override dispose(): void {
    this.pool.clear();
    super.dispose();
  }
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);
