import { type FileHandle, open } from 'node:fs/promises';
import { allocate, checkSize, type Oversize } from '../allocate.js';
import { describeOther } from '../identify/identify-file.js';
import type { NpyArray } from './npy-array.js';
import { type NpyData, type NpyDtype, npyBytes } from './npy-dtype.js';
import { type AnyNpyHeader, MAX_NPY_HEADER_BYTES, NPY_PREAMBLE_BYTES, parseNpyHeader } from './npy-header.js';
import { checkLength, decodeValues, layoutOf, sizeOf } from './npy-values.js';
import { NpyParseError } from './parse-error.js';

/** Bytes of a chunk when nothing else is asked for. */
export const NPY_CHUNK_BYTES = 1 << 22;

/** Largest single read, below every platform's limit of 2 GiB. */
const MAX_READ_BYTES = 1 << 30;

/** Options of `chunks`. */
export interface NpyChunksOptions {
  /** Most bytes of the file in one chunk, at least one element's. Default 4 MiB. */
  readonly chunkBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/** An open npy file: its values are read when asked for. Close it when done. */
export interface NpyFile {
  /** Path as it was given. */
  readonly path: string;
  readonly dtype: NpyDtype;
  readonly shape: readonly number[];
  /** Whether the file has the first axis fastest; parts can be read of files in C order only. */
  readonly fortranOrder: boolean;
  /**
   * All values, row-major.
   *
   * @throws {RangeError} (rejects) when they are more than Node.js can hold at once: then read `chunks`.
   */
  read(): Promise<NpyArray>;
  /**
   * Values of the elements `begin` (inclusive) to `end` (exclusive) of the row-major order.
   *
   * @throws {RangeError} (rejects) when the range is not within the array, or the file is in Fortran order.
   */
  readRange(begin: number, end: number): Promise<NpyData>;
  /** All values piece by piece in row-major order; only one piece is in memory. */
  chunks(options?: NpyChunksOptions): AsyncGenerator<NpyData, void, undefined>;
  /** Closes the file; a second call does nothing. */
  close(): Promise<void>;
}

/**
 * Opens an npy file and checks its header and length; values are read when asked for.
 *
 * @throws {NpyParseError} (rejects) when it is damaged, of another kind, or of a type that is not read.
 * @throws {Error} (rejects) of the file system.
 */
export async function openNpy(path: string): Promise<NpyFile> {
  const handle = await open(path);
  try {
    return await openHandle(handle, path);
  } catch (error) {
    await handle.close();
    throw await otherArray(path, path, error);
  }
}

async function openHandle(handle: FileHandle, path: string): Promise<NpyFile> {
  const { size } = await handle.stat();
  const head = Buffer.alloc(Math.min(size, NPY_PREAMBLE_BYTES + MAX_NPY_HEADER_BYTES));
  const { bytesRead } = await handle.read(head, 0, head.length, 0);
  const header = parseNpyHeader(head.subarray(0, bytesRead), path);
  const { dtype, shape, fortranOrder, dataStart } = header;
  const bytes = npyBytes(dtype);
  const extra = Buffer.alloc(6);
  const expected = dataStart + sizeOf(shape) * bytes;
  if (size > expected) await handle.read(extra, 0, extra.length, expected);
  checkLength(header, bytes, size - dataStart, path, () => extra);
  let isOpen = true;

  const fill = async (target: Uint8Array, position: number): Promise<void> => {
    for (let done = 0; done < target.length; ) {
      const most = Math.min(target.length - done, MAX_READ_BYTES);
      const { bytesRead } = await handle.read(target, done, most, position + done);
      if (bytesRead === 0) {
        const text = `expected ${target.length} bytes at ${position}, got ${done}: the file became shorter while it was open. Read it again.`;
        throw new NpyParseError('truncated', { file: path, offset: position + done, field: 'values' }, text);
      }
      done += bytesRead;
    }
  };
  const readElements = async (fn: string, begin: number, end: number): Promise<NpyData> => {
    if (!isOpen)
      throw new Error(`${fn}: expected ${path} to be open, got a closed file. Close it after the last read.`);
    const target = allocate((end - begin) * bytes, oversize(fn, path));
    await fill(target, dataStart + begin * bytes);
    return decodeValues(target, layoutOf(header, dtype));
  };
  const readPart = (fn: string, begin: number, end: number): Promise<NpyData> => {
    checkParts(fn, header, path);
    return readElements(fn, begin, end);
  };
  return {
    path,
    dtype,
    shape,
    fortranOrder,
    async read() {
      if (dtype === '<f2') checkSize(sizeOf(shape) * 4, oversize('readNpy', path));
      return { dtype, shape, data: await readElements('readNpy', 0, sizeOf(shape)) };
    },
    async readRange(begin, end) {
      const total = sizeOf(shape);
      if (!Number.isInteger(begin) || !Number.isInteger(end) || begin < 0 || begin > end || end > total)
        throw new RangeError(
          `readRange: expected 0 ≤ begin ≤ end ≤ ${total}, got [${begin}, ${end}). Check the range.`,
        );
      return readPart('readRange', begin, end);
    },
    async *chunks({ chunkBytes = NPY_CHUNK_BYTES, signal } = {}) {
      const step = chunkElements(chunkBytes, bytes);
      for (let begin = 0; begin < sizeOf(shape); begin += step) {
        signal?.throwIfAborted();
        yield await readPart('chunks', begin, Math.min(begin + step, sizeOf(shape)));
      }
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await handle.close();
    },
  };
}

const oversize = (fn: string, path: string): Oversize => ({
  fn,
  what: path,
  remedy: 'Read it piece by piece: openNpy and its chunks',
});

/** Elements of a chunk. @throws {RangeError} when not one fits. */
export function chunkElements(chunkBytes: number, bytes: number): number {
  const step = Math.floor(chunkBytes / bytes);
  if (step >= 1) return step;
  throw new RangeError(`chunks: expected chunkBytes of at least ${bytes}, got ${chunkBytes}. Ask for longer chunks.`);
}

/** Parts of the row-major order lie together in files of C order only. @throws {RangeError} */
export function checkParts(fn: string, { fortranOrder, shape }: AnyNpyHeader, file: string): void {
  if (!fortranOrder || shape.filter((side) => side > 1).length < 2) return;
  throw new RangeError(
    `${fn}: expected an array in C order, got one in Fortran order in ${file}. Read it whole, or save numpy.ascontiguousarray(array).`,
  );
}

/** The error of a reader of arrays, unless the file is an intact one of another kind: then that. */
export async function otherArray(source: string | Uint8Array, file: string, error: unknown): Promise<unknown> {
  if (error instanceof NpyParseError && error.code === 'dtype') return error;
  const other = await describeOther(source, { what: 'an npy file', kinds: ['npy'], isMarked: true });
  if (other === undefined) return error;
  return new NpyParseError('other-kind', { file, offset: 0, field: 'start' }, other, error);
}
