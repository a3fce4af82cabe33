import { type Data, type DType, sameShape, toData } from '@edm2/tfjs-jit/graph';
import { isPlainOrder, type Port, toPhysical, toPlain } from '@edm2/tfjs-onnx';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { type backend_util, type DataId, type DataType, engine, type Tensor } from '@tensorflow/tfjs-core';
import { type ArrayPool, arrayPool } from './pool.js';

/** Name of the TensorFlow.js backend. */
export const BACKEND = 'onnxruntime';

/** An array that holds the data of one or several tensors; it is used again when the last of them is gone. */
export class Block {
  /** Tensors whose data lies here. */
  tensors = 0;
  /** True once someone outside holds the array or a view of it: it must then never be written again. */
  exposed = false;
  readonly dtype: DType;
  readonly data: Data;

  constructor(dtype: DType, data: Data) {
    this.dtype = dtype;
    this.data = data;
  }
}

/**
 * Data of a tensor that a compiled function wrote, in the order of axes that suits the engine. Reading `values`, which
 * kernels and `dataSync` do, gives TensorFlow.js's own order.
 */
class EngineData {
  refCount = 1;
  readonly block: Block;
  readonly physical: Data;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly order: readonly number[];
  private plain: Data | undefined;

  constructor(block: Block, physical: Data, { dtype, shape, order }: Port) {
    block.tensors++;
    this.block = block;
    this.physical = physical;
    this.dtype = dtype;
    this.shape = shape;
    this.order = order;
  }

  get values(): Data {
    if (isPlainOrder(this.shape, this.order)) {
      this.block.exposed = true;
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
    const fits = entry.dtype === port.dtype && entry instanceof EngineData && sameShape(entry.shape, tensor.shape);
    if (fits && sameShape(entry.order, port.order)) return entry.physical;
    const values = this.readSync(tensor.dataId) as ArrayLike<number>;
    const plain = toData(values, port.dtype);
    // A cast that shares the data of what it casts: that stays as it is.
    if (entry.dtype !== port.dtype) return toPhysical(plain, port.shape, port.order);
    // Some cpu kernels leave plain JavaScript arrays behind.
    if (plain !== values) this.data.set(tensor.dataId, { ...entry, values: plain } as never);
    if (isPlainOrder(port.shape, port.order)) return plain;
    const moved = toPhysical(plain, port.shape, port.order);
    const data = new EngineData(new Block(port.dtype, moved), moved, port);
    this.count(moved.byteLength);
    if (entry instanceof EngineData) this.liveBytes -= entry.physical.byteLength;
    data.refCount = entry.refCount;
    this.data.set(tensor.dataId, data as never);
    return data.physical;
  }

  /** An array for outputs, from the pool where one of that size is free. */
  take(dtype: DType, length: number): Block {
    return new Block(dtype, this.pool.take(dtype, length));
  }

  /** Puts an array that no tensor came to hold back into the pool. */
  give(block: Block): void {
    this.pool.give(block.dtype, block.data);
  }

  /** A tensor over data that a compiled function wrote into a block. */
  adopt(block: Block, data: Data, port: Port): Tensor {
    const dataId: DataId = {};
    this.data.set(dataId, new EngineData(block, data, port) as never);
    this.count(data.byteLength);
    return engine().makeTensorFromTensorInfo({ dataId, shape: port.shape as number[], dtype: port.dtype }, this);
  }

  private count(bytes: number): void {
    this.liveBytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
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
      entry.block.tensors--;
      if (entry.block.tensors === 0 && !entry.block.exposed) this.give(entry.block);
    }
    return released;
  }

  override dispose(): void {
    this.pool.clear();
    super.dispose();
  }
}
