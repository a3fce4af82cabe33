import { at, type Data, type DType, sizeOf, toData } from '@edm2/tfjs-jit/graph';
import {
  type BackendTimingInfo,
  type backend_util,
  type DataId,
  DataStorage,
  type DataType,
  engine,
  KernelBackend,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { partOf, partShape, putPart, type Split } from '../engine/sharding.js';
import type { Client, Device } from '../native/client.js';
import type { Pointer } from '../native/struct.js';
import { Entry, hostArray, keyOf, type Spread } from './entry.js';

/** A TensorFlow.js backend whose tensors lie on a device of XLA's. */
export class XlaBackend extends KernelBackend {
  readonly client: Client;
  readonly device: Device;
  /** All that compiled functions may be spread over; `device` is the first. */
  readonly devices: readonly Device[];
  private readonly entries: DataStorage<Entry>;

  constructor(client: Client, devices: readonly Device[]) {
    super();
    this.client = client;
    this.devices = devices;
    this.device = at(devices, 0);
    this.entries = new DataStorage(this, engine());
  }

  override write(values: backend_util.BackendValues, shape: number[], dtype: DataType): DataId {
    const dataId: DataId = {};
    this.entries.set(dataId, new Entry(dtype, shape, values));
    return dataId;
  }

  override move(
    dataId: DataId,
    values: backend_util.BackendValues,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    this.entries.set(dataId, new Entry(dtype, shape, values, refCount));
  }

  /**
   * The tensor's buffer on the device, with its own shape and dtype; data of another backend is moved here.
   *
   * @throws {TypeError} for text and complex numbers.
   * @throws {Error} for a tensor that a program has consumed.
   */
  bufferOf({ dataId, shape, dtype }: TensorInfo): Pointer {
    const entry = this.entries.get(dataId);
    const key = keyOf(dtype, shape);
    const known = entry.buffers.get(key);
    if (known !== undefined) return known;
    checkDType(dtype);
    const buffer = this.client.put(hostData(this.readSync(dataId), dtype), shape, dtype, this.device);
    entry.buffers.set(key, buffer);
    return buffer;
  }

  /**
   * The tensor's buffers on all devices, split along an axis or whole on each.
   *
   * @throws as `bufferOf`.
   */
  spreadOf({ dataId, shape, dtype }: TensorInfo, split: Split): readonly Pointer[] {
    const entry = this.entries.get(dataId);
    const key = keyOf(dtype, shape);
    const known = entry.spread.get(key);
    if (known !== undefined && known.split === split) return known.buffers;
    checkDType(dtype);
    const data = hostData(this.readSync(dataId), dtype);
    const { client, devices } = this;
    const part = partShape(shape, split, devices.length);
    const buffers = devices.map((device, i) =>
      client.put(partOf(data, shape, split, devices.length, i), part, dtype, device),
    );
    known?.buffers.forEach((buffer) => void client.free(buffer));
    entry.spread.set(key, { split, buffers });
    return buffers;
  }

  /** Whether a program may write over a tensor's data: nobody else sees it. */
  isSole({ dataId }: TensorInfo): boolean {
    return this.entries.get(dataId).refCount === 1;
  }

  /** A program was given a tensor's buffer to write over. */
  consume({ dataId, shape, dtype }: TensorInfo): void {
    const entry = this.entries.get(dataId);
    const key = keyOf(dtype, shape);
    const buffer = entry.buffers.get(key);
    if (buffer !== undefined) this.client.free(buffer);
    entry.buffers.delete(key);
    for (const each of entry.spread.get(key)?.buffers ?? []) this.client.free(each);
    entry.spread.delete(key);
    entry.consumed = true;
  }

  /** A tensor over a buffer that a program made. */
  adopt(buffer: Pointer, shape: readonly number[], dtype: DType): Tensor {
    const dataId: DataId = {};
    const entry = new Entry(dtype, shape, undefined);
    entry.buffers.set(keyOf(dtype, shape), buffer);
    this.entries.set(dataId, entry);
    return engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype }, this);
  }

  /** A tensor over buffers that a program made on several devices. */
  adoptSpread(spread: Spread, shape: readonly number[], dtype: DType): Tensor {
    const dataId: DataId = {};
    const entry = new Entry(dtype, shape, undefined);
    entry.spread.set(keyOf(dtype, shape), spread);
    this.entries.set(dataId, entry);
    return engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype }, this);
  }

  /** Waits for the device. */
  override readSync(dataId: DataId): backend_util.BackendValues {
    const entry = this.entries.get(dataId);
    if (entry.values !== undefined) return entry.values;
    const { target, events, end } = this.fetch(entry);
    for (const event of events) this.client.plugin.await(event);
    end();
    return target;
  }

  /** Waits for the device while the event loop goes on. */
  override async read(dataId: DataId): Promise<backend_util.BackendValues> {
    const entry = this.entries.get(dataId);
    if (entry.values !== undefined) return entry.values;
    const { plugin } = this.client;
    // Copying to the host begins when the values are there: before that, it may wait where it is called.
    const key = keyOf(entry.dtype, entry.shape);
    const [buffer] = [entry.buffers.get(key) ?? [], entry.spread.get(key)?.buffers ?? []].flat();
    if (buffer !== undefined) await plugin.settle(this.client.readyEvent(buffer));
    const { target, events, end } = this.fetch(entry);
    for (const event of events) await plugin.settle(event);
    end();
    return target;
  }

  /** Begins to copy to the host; the target holds the values once the events have happened and `end` was called. */
  private fetch({ dtype: given, shape, buffers, spread }: Entry): { target: Data; events: Pointer[]; end(): void } {
    const dtype = given as DType;
    const key = keyOf(dtype, shape);
    const parts = spread.get(key);
    const buffer = buffers.get(key) ?? (parts?.split === undefined ? parts?.buffers[0] : undefined);
    const target = hostArray(dtype, sizeOf(shape));
    if (buffer !== undefined) {
      const events = target.length === 0 ? [] : [this.client.get(buffer, target, shape)];
      return { target, events, end() {} };
    }
    if (parts?.split === undefined)
      throw new Error(
        'xla: expected a tensor, got one that was donated to a compiled function. Use the tensor that the function returned in its place.',
      );
    const { split } = parts;
    const count = parts.buffers.length;
    const part = partShape(shape, split, count);
    const targets = parts.buffers.map(() => hostArray(dtype, sizeOf(part)));
    const events = parts.buffers.map((each, i) => this.client.get(each, at(targets, i), part));
    return {
      target,
      events,
      end: () => targets.forEach((each, i) => void putPart(target, each, shape, split, count, i)),
    };
  }

  override incRef(dataId: DataId): void {
    this.entries.get(dataId).refCount++;
  }

  /** Called by TensorFlow.js beside the methods that its base class declares. */
  decRef(dataId: DataId): void {
    if (this.entries.has(dataId)) this.entries.get(dataId).refCount--;
  }

  override refCount(dataId: DataId): number {
    return this.entries.has(dataId) ? this.entries.get(dataId).refCount : 0;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.entries.has(dataId)) return true;
    const entry = this.entries.get(dataId);
    entry.refCount--;
    if (!force && entry.refCount > 0) return false;
    for (const buffer of entry.buffers.values()) this.client.free(buffer);
    for (const { buffers } of entry.spread.values()) for (const buffer of buffers) this.client.free(buffer);
    this.entries.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    return this.entries.numDataIds();
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  /** Until the call returns: XLA tells of no kernel how long the device took. */
  override async time(run: () => void): Promise<BackendTimingInfo> {
    const start = performance.now();
    run();
    return { kernelMs: performance.now() - start };
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

function checkDType(dtype: DataType): asserts dtype is DType {
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
    throw new TypeError(
      `xla: expected float32, int32 or bool, got ${dtype}. Cast it, or compute it on another backend.`,
    );
}

/** Elements as a device takes them: any byte but 0 is true on other backends, and 1 alone here. */
function hostData(values: backend_util.BackendValues, dtype: DType): Data {
  const data = toData(values as ArrayLike<number>, dtype);
  return dtype === 'bool' && data.some((byte) => byte > 1) ? data.map((byte) => Number(byte !== 0)) : data;
}
