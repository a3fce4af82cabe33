import { allocate, checkSize, type Oversize } from '../allocate.js';
import { swapBytes } from '../byte-order.js';
import { bytesPerElement, bytesPerValue, type Dtype, type TensorData, viewAs } from '../safetensors/dtype.js';
import { toFloat32 } from '../safetensors/half.js';
import { type ByteSource, partOf } from './byte-source.js';
import { negate } from './negate.js';

/** Elements of a tensor of other than row-major order that are gathered at a time. */
const GATHER_ELEMENTS = 1 << 20;

/** Elements of the storage that are in memory for that, however far apart the values lie. */
const WINDOW_ELEMENTS = 1 << 23;

/** Bytes of a chunk when nothing else is asked for: long enough for a disk's full speed, short enough not to matter. */
const CHUNK_BYTES = 1 << 22;

/** How a storage's bytes are to be read. */
export interface StorageOptions {
  /** Its numbers are those of quantized tensors. */
  readonly isQuantized?: boolean;
  /** Its numbers are big-endian. */
  readonly isBigEndian?: boolean;
}

/** A block of numbers that tensors are views of; several may share one. */
export class TorchStorage {
  readonly dtype: Dtype;
  /** Number of elements. */
  readonly length: number;
  readonly isQuantized: boolean;
  readonly #place: { source: ByteSource | undefined };
  readonly #isBigEndian: boolean;
  readonly #begin: number;

  constructor(
    dtype: Dtype,
    length: number,
    source?: ByteSource,
    options: StorageOptions = {},
    root?: TorchStorage,
    begin = 0,
  ) {
    this.dtype = dtype;
    this.length = length;
    this.isQuantized = options.isQuantized ?? false;
    this.#isBigEndian = options.isBigEndian ?? false;
    this.#place = root ? root.#place : { source };
    this.#begin = root ? root.#begin + begin : 0;
  }

  get byteLength(): number {
    return this.length * bytesPerElement(this.dtype);
  }

  /** Says where the bytes are, for this storage and its views; for files in which they come after the tensors. */
  place(source: ByteSource): void {
    this.#place.source = source;
  }

  get isPlaced(): boolean {
    return this.#place.source !== undefined;
  }

  /** The same bytes as elements of another type, or some of them; `begin` and `length` count elements of the new type. */
  view(
    dtype: Dtype,
    {
      begin = 0,
      length = Math.floor(this.byteLength / bytesPerElement(dtype)) - begin,
      isQuantized = this.isQuantized,
    }: { readonly begin?: number; readonly length?: number; readonly isQuantized?: boolean } = {},
  ): TorchStorage {
    const options = { isQuantized, isBigEndian: this.#isBigEndian };
    return new TorchStorage(dtype, length, undefined, options, this, begin * bytesPerElement(dtype));
  }

  /** Elements `begin` (inclusive) to `end` (exclusive), little-endian, as a copy. */
  async readRange(begin: number, end: number): Promise<TensorData> {
    const bytes = bytesPerElement(this.dtype);
    const { source } = this.#place;
    if (!source) throw new RangeError('readRange: expected a storage with bytes, got none. The file is damaged.');
    const buffer = await partOf(source, this.#begin, this.byteLength).load(begin * bytes, (end - begin) * bytes);
    if (this.#isBigEndian) swapBytes(new Uint8Array(buffer), bytesPerValue(this.dtype));
    return viewAs(this.dtype, buffer);
  }
}

/** What a tensor is beside its place in a storage. */
export interface TorchTensorOptions {
  /** Its values are those of the storage with the other sign. */
  readonly isNegated?: boolean;
  /** Its values are the conjugates of the storage's. */
  readonly isConjugated?: boolean;
  readonly requiresGrad?: boolean;
  /** Python attributes that the file has for it. */
  readonly attributes?: ReadonlyMap<unknown, unknown>;
}

/** Options of {@link TorchTensor.chunks}. */
export interface TorchChunksOptions {
  /** Most bytes in one chunk, at least one element's. Default 4 MiB. */
  readonly chunkBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A tensor of PyTorch. Its numbers are read when asked for, in the forms of `TensorData`; lazy negation and conjugation are applied then.
 */
export class TorchTensor {
  readonly storage: TorchStorage;
  /** First element in the storage. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** Elements of the storage between neighbours along each axis; 0 where one element stands for all. */
  readonly strides: readonly number[];
  readonly isNegated: boolean;
  readonly isConjugated: boolean;
  readonly requiresGrad: boolean;
  /** Python attributes that the file has for it; none of them changes its values. */
  readonly attributes: ReadonlyMap<unknown, unknown>;
  /** Where the file has it: keys down to it, joined by dots. For errors. */
  name = '';
  /** The file, for errors. */
  file = '';

  /** All arguments checked: every element lies within the storage. */
  constructor(
    storage: TorchStorage,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
    { isNegated = false, isConjugated = false, requiresGrad = false, attributes = new Map() }: TorchTensorOptions = {},
  ) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
    this.isNegated = isNegated;
    this.isConjugated = isConjugated;
    this.requiresGrad = requiresGrad;
    this.attributes = attributes;
  }

  /** The same tensor with some of its options changed. */
  with(options: TorchTensorOptions): TorchTensor {
    return new TorchTensor(this.storage, this.offset, this.shape, this.strides, { ...this, ...options });
  }

  get dtype(): Dtype {
    return this.storage.dtype;
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((product, side) => product * side, 1);
  }

  /**
   * All values, row-major.
   *
   * @throws {RangeError} (rejects) when it is larger than Node.js can hold at once: then read {@link chunks}.
   */
  read(): Promise<TensorData> {
    return this.#read('read', 0, this.size);
  }

  /**
   * All values as float32.
   *
   * @throws {TypeError} (rejects) for integers, booleans and complex numbers.
   * @throws {RangeError} (rejects) as {@link read}.
   */
  async readFloat32(): Promise<Float32Array> {
    checkSize(this.size * 4, this.#oversize('readFloat32'));
    return toFloat32(await this.#read('readFloat32', 0, this.size), this.dtype);
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
    return this.#read('readRange', begin, end);
  }

  /** All values piece by piece in row-major order; only one piece is in memory. */
  async *chunks({
    chunkBytes = CHUNK_BYTES,
    signal,
  }: TorchChunksOptions = {}): AsyncGenerator<TensorData, void, undefined> {
    const bytes = bytesPerElement(this.dtype);
    const step = Math.floor(chunkBytes / bytes);
    if (!(step >= 1))
      throw new RangeError(
        `chunks: expected chunkBytes of at least ${bytes}, got ${chunkBytes}. Ask for longer chunks.`,
      );
    for (let begin = 0; begin < this.size; begin += step) {
      signal?.throwIfAborted();
      yield await this.#read('chunks', begin, Math.min(begin + step, this.size));
    }
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

  #oversize(fn: string): Oversize {
    const what = [this.name || 'a tensor', this.file].filter(Boolean).join(' of ');
    return { fn, what, remedy: 'Read it piece by piece: with chunks, or readRange' };
  }

  async #read(fn: string, begin: number, end: number): Promise<TensorData> {
    const bytes = (end - begin) * bytesPerElement(this.dtype);
    const oversize = this.#oversize(fn);
    checkSize(bytes, oversize);
    let out: TensorData;
    if (this.isContiguous) out = await this.storage.readRange(this.offset + begin, this.offset + end);
    else {
      out = viewAs(this.dtype, allocate(bytes, oversize).buffer);
      for (let at = begin; at < end; at += GATHER_ELEMENTS)
        await this.#gather(out, at - begin, at, Math.min(end, at + GATHER_ELEMENTS));
    }
    if (this.isNegated || this.isConjugated) negate(this.dtype, out, this.isNegated, this.isConjugated);
    return out;
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
    // A complex number is two values side by side.
    const width = bytesPerElement(this.dtype) / bytesPerValue(this.dtype);
    for (let at = least; at <= most; at += WINDOW_ELEMENTS) {
      const stored = await this.storage.readRange(at, Math.min(at + WINDOW_ELEMENTS, most + 1));
      for (let i = 0; i < places.length; i++) {
        const from = ((places[i] as number) - at) * width;
        if (from < 0 || from >= stored.length) continue;
        for (let part = 0; part < width; part++) out[(to + i) * width + part] = stored[from + part] as never; // number or bigint, the same in both
      }
    }
  }
}
