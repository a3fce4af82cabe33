import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { allocate, checkSize, type Oversize } from '../allocate.js';
import { describeOther } from '../identify/identify-file.js';
import { CHECKSUM_BLANK, CHECKSUM_KEY, CHECKSUM_PREFIX, findChecksum } from './checksum.js';
import { bytesPerElement, type Dtype, elementsPerUnit, type TensorData, viewAs } from './dtype.js';
import { toFloat32 } from './half.js';
import { parseHeader, type TensorEntry } from './header.js';
import { LENGTH_BYTES, MAX_HEADER_BYTES } from './limits.js';
import { SafetensorsParseError } from './parse-error.js';

/** Bytes of a chunk when nothing else is asked for: long enough for a disk's full speed, short enough not to matter. */
const CHUNK_BYTES = 1 << 22;

/** Largest single read, below every platform's limit of 2 GiB. */
const MAX_READ_BYTES = 1 << 30;

/** A tensor that was read: row-major values. */
export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: number[];
  readonly data: TensorData;
}

/** A tensor as float32 values. */
export interface Float32Tensor {
  readonly shape: number[];
  readonly data: Float32Array;
}

/** Options of {@link SafetensorsFile.chunks}. */
export interface ChunksOptions {
  /** Most bytes of the file in one chunk, at least one element's. Default 4 MiB. */
  readonly chunkBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link SafetensorsFile.verify}. */
export interface VerifyOptions {
  /** Throw when the file carries no checksum. Default false. */
  readonly required?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** An open safetensors file. Reading is by position: any tensor in any order, several at once. Close it when done. */
export interface SafetensorsFile {
  /** Path as it was given. */
  readonly path: string;
  /** Descriptor of the open file, for reads of one's own on another thread; `entries` say what is where. Not to be closed. */
  readonly fd: number;
  /** The file's text fields, without the checksum. */
  readonly metadata: Readonly<Record<string, string>>;
  /** `sha256:…` when the file carries one. */
  readonly checksum: string | undefined;
  /** Names in the order of the data. */
  readonly names: readonly string[];
  /** Type, shape and place by name, in the order of the data. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  has(name: string): boolean;
  /**
   * Reads one tensor.
   *
   * @throws {RangeError} when the file has no such tensor, or it is larger than Node.js can hold at once: then read `chunks`.
   * @throws {SafetensorsParseError} when the file has become shorter since it was opened.
   */
  read(name: string): Promise<Tensor>;
  /**
   * Reads one tensor of F32, F16, BF16, F64 or 8-bit floats as float32 (F64 is rounded).
   *
   * @throws {TypeError} for integers, booleans, complex and packed types; otherwise as {@link read}.
   */
  readFloat32(name: string): Promise<Float32Tensor>;
  /**
   * Reads elements `begin` (inclusive) to `end` (exclusive) of a tensor's row-major values. Packed types allow whole bytes only.
   *
   * @throws {RangeError} when the range is not within the tensor.
   */
  readRange(name: string, begin: number, end: number): Promise<TensorData>;
  /**
   * Reads the bytes of the same elements into memory of the caller's, which may be shared between threads or a WebAssembly module's.
   *
   * @param target - as long as the elements' bytes.
   * @throws {RangeError} when the range is not within the tensor, or `target` is of another length.
   */
  readInto(name: string, begin: number, end: number, target: Uint8Array): Promise<void>;
  /** Reads a tensor piece by piece in row-major order; only one piece is in memory. */
  chunks(name: string, options?: ChunksOptions): AsyncGenerator<TensorData, void, undefined>;
  /**
   * Compares the whole file with the checksum that it carries, in constant memory.
   *
   * @returns true when it agrees, false when the file carries none.
   * @throws {SafetensorsParseError} code `'checksum'` when a bit has changed, `'no-checksum'` when `required` and none is there.
   */
  verify(options?: VerifyOptions): Promise<boolean>;
  /** Closes the file; a second call does nothing. */
  close(): Promise<void>;
}

/**
 * Opens a safetensors file and checks its header completely; tensors are read when asked for.
 *
 * @param path - file to open.
 * @returns the open file; the caller closes it.
 * @throws {SafetensorsParseError} when the file is damaged, truncated or not a safetensors file.
 * @throws {Error} of the file system when it cannot be opened.
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await open(path, 'r');
  try {
    return await openFile(handle, path);
  } catch (error) {
    await handle.close();
    const other = await describeOther(path, { what: 'a safetensors file', kinds: ['safetensors'] });
    if (other === undefined) throw error;
    throw new SafetensorsParseError('other-kind', { file: path, offset: 0, field: 'start' }, other, error);
  }
}

async function openFile(handle: FileHandle, path: string): Promise<SafetensorsFile> {
  const { size } = await handle.stat();
  const headerBytes = await readHeaderBytes(handle, path, size);
  const { entries, metadata: allMetadata } = parseHeader(headerBytes, path, size);
  const { [CHECKSUM_KEY]: carried, ...others } = allMetadata;
  const checksum = carried?.startsWith(CHECKSUM_PREFIX) ? carried : undefined;
  const metadata = checksum === undefined ? allMetadata : others;
  let isOpen = true;

  const entryOf = (name: string): TensorEntry => {
    const entry = entries.get(name);
    if (entry) return entry;
    throw new RangeError(`read: expected a tensor of ${path}, got ${JSON.stringify(name)}. Its names are in .names.`);
  };
  const fill = async (position: number, target: Uint8Array, field: string): Promise<void> => {
    if (!isOpen) throw new Error(`read: expected ${path} to be open, got a closed file. Close it after the last read.`);
    await readFully(handle, path, position, target, field);
  };
  const rangeOf = (name: string, begin: number, end: number): { dtype: Dtype; position: number; length: number } => {
    const { dtype, offset, byteLength } = entryOf(name);
    const bytes = bytesPerElement(dtype);
    if (!Number.isInteger(begin) || !Number.isInteger(end) || begin < 0 || begin > end || end * bytes > byteLength) {
      throw new RangeError(
        `readRange: expected 0 ≤ begin ≤ end ≤ ${byteLength / bytes} in ${name}, got [${begin}, ${end}). Check the range.`,
      );
    }
    if (!Number.isInteger(begin * bytes) || !Number.isInteger(end * bytes))
      throw new RangeError(
        `readRange: expected multiples of ${elementsPerUnit(dtype)} in ${name}, whose ${dtype} elements are packed, got [${begin}, ${end}). Widen the range.`,
      );
    return { dtype, position: offset + begin * bytes, length: (end - begin) * bytes };
  };
  const oversize = (fn: string, name: string): Oversize => ({
    fn,
    what: `${name} of ${path}`,
    remedy: 'Read it piece by piece: with chunks, or readRange',
  });
  const readValues = async (fn: string, name: string, begin: number, end: number): Promise<TensorData> => {
    const { dtype, position, length } = rangeOf(name, begin, end);
    const bytes = allocate(length, oversize(fn, name));
    await fill(position, bytes, name);
    return viewAs(dtype, bytes.buffer);
  };
  const readRange = (name: string, begin: number, end: number) => readValues('readRange', name, begin, end);
  const readAll = async (fn: string, name: string): Promise<Tensor> => {
    const { dtype, shape, byteLength } = entryOf(name);
    return { dtype, shape: [...shape], data: await readValues(fn, name, 0, byteLength / bytesPerElement(dtype)) };
  };

  return {
    path,
    fd: handle.fd,
    metadata,
    checksum,
    names: [...entries.keys()],
    entries,
    has: (name) => entries.has(name),
    read: (name) => readAll('read', name),
    async readFloat32(name) {
      const entry = entryOf(name);
      checkSize((entry.byteLength / bytesPerElement(entry.dtype)) * 4, oversize('readFloat32', name));
      const { dtype, shape, data } = await readAll('readFloat32', name);
      return { shape, data: toFloat32(data, dtype) };
    },
    readRange,
    async readInto(name, begin, end, target) {
      const { position, length } = rangeOf(name, begin, end);
      if (target.length !== length) {
        throw new RangeError(
          `readInto: expected room for ${length} bytes of ${name}, got ${target.length}. Make it as long as the range.`,
        );
      }
      await fill(position, target, name);
    },
    async *chunks(name, { chunkBytes = CHUNK_BYTES, signal } = {}) {
      const { dtype, byteLength } = entryOf(name);
      const bytes = bytesPerElement(dtype);
      const unit = elementsPerUnit(dtype);
      const step = Math.floor(chunkBytes / bytes / unit) * unit;
      if (!(step >= 1)) {
        throw new RangeError(
          `chunks: expected chunkBytes of at least ${bytes * unit}, got ${chunkBytes}. Ask for longer chunks.`,
        );
      }
      for (let begin = 0; begin < byteLength / bytes; begin += step) {
        signal?.throwIfAborted();
        yield await readRange(name, begin, Math.min(begin + step, byteLength / bytes));
      }
    },
    async verify({ required = false, signal } = {}) {
      const place = { file: path, offset: LENGTH_BYTES, field: CHECKSUM_KEY };
      if (checksum === undefined) {
        if (!required) return false;
        throw new SafetensorsParseError(
          'no-checksum',
          place,
          'expected a checksum, got none. Was it written by another tool, or damaged?',
        );
      }
      const header = Buffer.from(headerBytes);
      const at = findChecksum(header, checksum);
      if (at >= 0) header.write(CHECKSUM_BLANK.slice(CHECKSUM_PREFIX.length), at, 'latin1');
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeBigUInt64LE(BigInt(header.length));
      const hash = createHash('sha256').update(length).update(header);
      const start = LENGTH_BYTES + header.length;
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, size - start));
      for (let position = start; position < size; position += CHUNK_BYTES) {
        signal?.throwIfAborted();
        const bytes = chunk.subarray(0, size - position);
        await fill(position, bytes, 'data');
        hash.update(bytes);
      }
      const actual = CHECKSUM_PREFIX + hash.digest('hex');
      if (actual === checksum) return true;
      throw new SafetensorsParseError(
        'checksum',
        place,
        `expected ${checksum}, got ${actual}. The file is damaged: fetch or save it again.`,
      );
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await handle.close();
    },
  };
}

async function readHeaderBytes(handle: FileHandle, file: string, size: number): Promise<Uint8Array> {
  const field = 'header length';
  if (size < LENGTH_BYTES) {
    const text = `expected at least ${LENGTH_BYTES} bytes, got ${size}. Fetch or save the file again.`;
    throw new SafetensorsParseError('too-short', { file, offset: size, field }, text);
  }
  const prefix = Buffer.alloc(LENGTH_BYTES);
  await readFully(handle, file, 0, prefix, field);
  const length = prefix.readBigUInt64LE();
  const most = Math.min(MAX_HEADER_BYTES, size - LENGTH_BYTES);
  if (length > most) {
    const text = `expected at most ${most} for a file of ${size} bytes, got ${length}. It is cut off, or no safetensors file.`;
    throw new SafetensorsParseError('header-length', { file, offset: 0, field }, text);
  }
  const header = new Uint8Array(Number(length));
  await readFully(handle, file, LENGTH_BYTES, header, 'header');
  return header;
}

async function readFully(
  handle: FileHandle,
  file: string,
  position: number,
  bytes: Uint8Array,
  field: string,
): Promise<void> {
  const { length } = bytes;
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, MAX_READ_BYTES), position + done);
    if (bytesRead === 0) {
      const text = `expected ${length} bytes at ${position}, got ${done}: the file became shorter while it was open. Read it again.`;
      throw new SafetensorsParseError('truncated', { file, offset: position + done, field }, text);
    }
    done += bytesRead;
  }
}
