import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { DatasetError, type DatasetErrorCode } from '../errors.js';
import { MAX_IDX_BYTES } from '../limits.js';

const unzip = promisify(gunzip);

/** Types of values by the third byte of the file: two zero bytes, type, number of dimensions. */
const TYPES: Readonly<Record<number, { readonly name: string; readonly bytes: number }>> = {
  8: { name: 'unsigned bytes', bytes: 1 },
  9: { name: 'signed bytes', bytes: 1 },
  11: { name: 'int16 values', bytes: 2 },
  12: { name: 'int32 values', bytes: 4 },
  13: { name: 'float32 values', bytes: 4 },
  14: { name: 'float64 values', bytes: 8 },
};
const UNSIGNED = 8;
const SIGNED = 9;
const INT16 = 11;
const INT32 = 12;

/** Whether a file begins like an IDX file of images. */
export const isIdx = (bytes: Uint8Array): boolean =>
  bytes[0] === 0 && bytes[1] === 0 && (bytes[2] ?? 0) in TYPES && (bytes[3] === 3 || bytes[3] === 4);

/** An IDX file: `[count, rows, columns]` or four dimensions for images, `[count]` for labels. */
export interface IdxFile {
  readonly dims: readonly number[];
  /** Pixels, or class indices. */
  readonly data: Uint8Array | Int32Array;
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/**
 * Reads an IDX file, plain or gzipped: images of unsigned bytes, or labels of whole numbers.
 *
 * @param bytes - the file.
 * @throws {DatasetError} corrupt-idx; unsupported for other types of values, and labels of several columns.
 */
export async function readIdx(bytes: Uint8Array, path: string, holds: 'images' | 'labels'): Promise<IdxFile> {
  const fail = (code: DatasetErrorCode, expected: string, got: string, remedy: string, cause?: unknown) =>
    new DatasetError({ code, where: 'openDataset', file: path, expected, got: `${got} in ${path}`, remedy, cause });
  const again = 'Fetch the file again';
  let data = bytes;
  if (data[0] === 0x1f && data[1] === 0x8b) {
    data = await unzip(data, { maxOutputLength: MAX_IDX_BYTES }).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw fail('corrupt-idx', 'intact gzip data', reason, again, cause);
    });
  }
  if (data.length < 4) throw fail('corrupt-idx', 'an IDX header', `${data.length} bytes`, again);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [zeros, code, rank] = [view.getUint16(0), view.getUint8(2), view.getUint8(3)];
  const type = TYPES[code];
  const magic = `the magic number ${hex(holds === 'images' ? 0x803 : 0x801)} of ${holds}`;
  const ranks = holds === 'images' ? [3, 4] : [1, 2];
  if (zeros !== 0 || !type || !ranks.includes(rank)) throw fail('corrupt-idx', magic, hex(view.getUint32(0)), again);
  const header = 4 + 4 * rank;
  if (data.length < header) throw fail('corrupt-idx', `a header of ${header} bytes`, `${data.length} bytes`, again);
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = dims.reduce((product, side) => product * side, type.bytes);
  if (data.length - header !== size)
    throw fail('corrupt-idx', `${size} bytes (${dims.join('×')}) after the header`, `${data.length - header}`, again);
  if (holds === 'images') {
    if (code !== UNSIGNED)
      throw fail('unsupported', 'images of unsigned bytes', type.name, 'Convert them to bytes 0…255');
    return { dims, data: data.subarray(header) };
  }
  if (rank === 2 && dims[1] !== 1)
    throw fail('unsupported', 'one label an image', `${dims[1]} columns`, 'Save the column of classes alone');
  const read = labelReader(view, code, header);
  if (!read) throw fail('unsupported', 'labels of whole numbers', type.name, 'Convert them to bytes');
  return { dims: dims.slice(0, 1), data: Int32Array.from({ length: dims[0] ?? 0 }, (_, i) => read(i)) };
}

function labelReader(view: DataView, code: number, start: number): ((i: number) => number) | undefined {
  if (code === UNSIGNED) return (i) => view.getUint8(start + i);
  if (code === SIGNED) return (i) => view.getInt8(start + i);
  if (code === INT16) return (i) => view.getInt16(start + 2 * i);
  return code === INT32 ? (i) => view.getInt32(start + 4 * i) : undefined;
}
