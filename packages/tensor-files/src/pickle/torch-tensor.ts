import { bytesPerElement, type Dtype, type TensorData, viewAs } from '../safetensors/dtype.js';
import { toFloat32 } from '../safetensors/half.js';
import type { ByteSource } from './byte-source.js';

/** Elements of a tensor of other than row-major order that are gathered at a time. */
const GATHER_ELEMENTS = 1 << 20;

/** A block of numbers that tensors are views of; several may share one. */
export class TorchStorage {
  readonly dtype: Dtype;
  /** Number of elements. */
  readonly length: number;
  #source: ByteSource | undefined;

  constructor(dtype: Dtype, length: number, source?: ByteSource) {
    this.dtype = dtype;
    this.length = length;
    this.#source = source;
  }

  get byteLength(): number {
    return this.length * bytesPerElement(this.dtype);
  }

  /** Says where the bytes are; for files in which they come after the tensors. */
  place(source: ByteSource): void {
    this.#source = source;
  }

  get isPlaced(): boolean {
    return this.#source !== undefined;
  }

  /** Elements `begin` (inclusive) to `end` (exclusive), little-endian, as a copy. */
  async readRange(begin: number, end: number): Promise<TensorData> {
    const bytes = bytesPerElement(this.dtype);
    if (!this.#source) throw new RangeError('readRange: expected a storage with bytes, got none. The file is damaged.');
    return viewAs(this.dtype, await this.#source.load(begin * bytes, (end - begin) * bytes));
  }
}

/** A tensor of PyTorch. Its numbers are read when asked for; F16 and BF16 are raw bits in a Uint16Array. */
export class TorchTensor {
  readonly storage: TorchStorage;
  /** First element in the storage. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** Elements of the storage between neighbours along each axis. */
  readonly strides: readonly number[];

  /** All arguments checked: every element lies within the storage. */
  constructor(storage: TorchStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  get dtype(): Dtype {
    return this.storage.dtype;
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((product, side) => product * side, 1);
  }

  /** All values, row-major. */
  read(): Promise<TensorData> {
    return this.readRange(0, this.size);
  }

  /**
   * All values as float32.
   *
   * @throws {TypeError} (rejects) for integers and booleans.
   */
  async readFloat32(): Promise<Float32Array> {
    return toFloat32(await this.read(), this.dtype);
  }

  /**
   * Values `begin` (inclusive) to `end` (exclusive) of the row-major order.
   *
   * @throws {RangeError} (rejects) when the range is not within the tensor, or the file became shorter.
   */
  async readRange(begin: number, end: number): Promise<TensorData> {
    const { size } = this;
    if (!Number.isInteger(begin) || !Number.isInteger(end) || begin < 0 || begin > end || end > size)
      throw new RangeError(`readRange: expected 0 ≤ begin ≤ end ≤ ${size}, got [${begin}, ${end}). Check the range.`);
    if (this.isContiguous) return this.storage.readRange(this.offset + begin, this.offset + end);
    const out = viewAs(this.dtype, new ArrayBuffer((end - begin) * bytesPerElement(this.dtype)));
    for (let at = begin; at < end; at += GATHER_ELEMENTS)
      await this.#gather(out, at - begin, at, Math.min(end, at + GATHER_ELEMENTS));
    return out;
  }

  /** Whether the values lie in the storage one after another in row-major order. */
  get isContiguous(): boolean {
    let stride = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      const side = this.shape[axis] as number;
      if (side > 1 && this.strides[axis] !== stride) return false;
      stride *= side;
    }
    return true;
  }

  /** Reads the stretch of the storage that the values are in, and picks them. */
  async #gather(out: TensorData, to: number, begin: number, end: number): Promise<void> {
    const places = new Float64Array(end - begin);
    let [least, most] = [Number.POSITIVE_INFINITY, 0];
    for (let i = begin; i < end; i++) {
      let place = this.offset;
      let rest = i;
      for (let axis = this.shape.length - 1; axis >= 0; axis--) {
        const side = this.shape[axis] as number;
        place += (rest % side) * (this.strides[axis] as number);
        rest = Math.floor(rest / side);
      }
      places[i - begin] = place;
      least = Math.min(least, place);
      most = Math.max(most, place);
    }
    if (places.length === 0) return;
    const stored = await this.storage.readRange(least, most + 1);
    for (let i = 0; i < places.length; i++) out[to + i] = stored[(places[i] as number) - least] as never; // number or bigint, the same in both
  }
}
