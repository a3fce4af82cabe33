import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { DatasetError } from './errors.js';
import { readBounded } from './folder-source.js';
import { MAX_IDX_BYTES, MAX_IMAGES, MAX_RESOLUTION } from './limits.js';

const unzip = promisify(gunzip);

/** Magic numbers: two zero bytes, type 8 (unsigned byte), number of dimensions. */
const IMAGES_MAGIC = 0x00000803;
const LABELS_MAGIC = 0x00000801;

/** An IDX file of bytes: `[count, rows, columns]` images or `[count]` labels. */
export interface IdxFile {
  readonly dims: readonly number[];
  /** The values, without the header. */
  readonly data: Uint8Array;
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/**
 * Reads an IDX file of unsigned bytes, plain or gzipped.
 *
 * @param rank - 3 for images, 1 for labels.
 * @throws {DatasetError} corrupt-idx, too-large or unreadable.
 */
export async function readIdx(path: string, rank: 1 | 3): Promise<IdxFile> {
  const fail = (expected: string, got: string, cause?: unknown) =>
    new DatasetError({
      code: 'corrupt-idx',
      where: 'openDataset',
      file: path,
      expected,
      got: `${got} in ${path}`,
      remedy: 'Download the file again',
      cause,
    });
  let bytes = await readBounded(path, MAX_IDX_BYTES);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    bytes = await unzip(bytes, { maxOutputLength: MAX_IDX_BYTES }).catch((cause: unknown) => {
      throw fail('intact gzip data', cause instanceof Error ? cause.message : String(cause), cause);
    });
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw fail(`an IDX header of ${header} bytes`, `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const wanted = rank === 3 ? IMAGES_MAGIC : LABELS_MAGIC;
  if (magic !== wanted)
    throw fail(`the magic number ${hex(wanted)} of ${rank === 3 ? 'images' : 'labels'}`, hex(magic));
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const [count = 0, rows = 1, columns = 1] = dims;
  if (count > MAX_IMAGES || rows > MAX_RESOLUTION || columns > MAX_RESOLUTION)
    throw fail(`at most ${MAX_IMAGES} images of at most ${MAX_RESOLUTION} pixels a side`, dims.join('×'));
  const size = count * rows * columns;
  if (bytes.length - header !== size)
    throw fail(`${size} bytes (${dims.join('×')}) after the header`, `${bytes.length - header}`);
  return { dims, data: bytes.subarray(header) };
}
