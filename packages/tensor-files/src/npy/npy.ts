import { readFile } from 'node:fs/promises';
import { type WriteFileAtomicOptions, writeFileAtomic } from '../atomic.js';
import {
  decodeNpy,
  encodeNpy,
  fitsNpy,
  isNpyDtype,
  NPY_DTYPES,
  type NpyData,
  type NpyDtype,
  npyBytes,
  npyDtypeOf,
} from './npy-dtype.js';
import { buildNpyHeader, MAX_NPY_RANK, parseNpyHeader } from './npy-header.js';
import { NpyParseError } from './parse-error.js';

/** An array of an npy or npz file, row-major whatever order the file has. */
export interface NpyArray {
  /** Type in the file. */
  readonly dtype: NpyDtype;
  readonly shape: number[];
  readonly data: NpyData;
}

/** An array to write. */
export interface NpyInput {
  /** Default: what `data` is (Float32Array is `<f4` …); `<f2` takes float32 values and rounds them, `|b1` takes 0 and 1. */
  readonly dtype?: NpyDtype;
  readonly shape: readonly number[];
  readonly data: NpyData;
}

/**
 * Reads an npy file (versions 1 to 3, little-endian numbers and booleans, C or Fortran order).
 *
 * @param source - a path, or the file's bytes.
 * @throws {NpyParseError} when it is damaged, truncated, or of a type that is not read.
 */
export async function readNpy(source: string | Uint8Array): Promise<NpyArray> {
  if (typeof source === 'string') return parseNpy(await readFile(source), source);
  return parseNpy(source, '<bytes>');
}

/**
 * Reads the bytes of an npy file.
 *
 * @param bytes - the whole file.
 * @param file - for errors.
 * @throws {NpyParseError} as {@link readNpy}.
 */
export function parseNpy(bytes: Uint8Array, file: string): NpyArray {
  const { dtype, fortranOrder, shape, dataStart } = parseNpyHeader(bytes, file);
  const byteLength = shape.includes(0) ? 0 : shape.reduce((product, side) => product * side, npyBytes(dtype));
  const actual = bytes.length - dataStart;
  if (actual !== byteLength) {
    const [code, offset] =
      actual < byteLength
        ? (['truncated', bytes.length] as const)
        : (['trailing-bytes', dataStart + byteLength] as const);
    const text = `expected ${byteLength} bytes of values for ${dtype} (${shape.join(', ')}), got ${actual}. Fetch or save the file again.`;
    throw new NpyParseError(code, { file, offset, field: 'values' }, text);
  }
  const data = decodeNpy(dtype, new Uint8Array(bytes.subarray(dataStart)).buffer);
  return { dtype, shape, data: fortranOrder && shape.length > 1 ? toRowMajor(data, shape) : data };
}

/** Values in column-major order (first axis fastest) as row-major ones. */
export function toRowMajor(data: NpyData, shape: readonly number[]): NpyData {
  const out = data.slice();
  const strides: number[] = []; // of each axis in the column-major input
  let stride = 1;
  for (const side of shape) {
    strides.push(stride);
    stride *= side;
  }
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = data[from] as never; // number or bigint, the same in both
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const step = strides[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      from += step;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      index[axis] = 0;
      from -= step * next;
    }
  }
  return out;
}

/**
 * Writes an npy file (version 1, little-endian, C order): temporary name, fsync, rename.
 *
 * @param path - final name; its directory must exist.
 * @param array - shape and row-major values.
 * @throws {RangeError} when the shape is not the number of values.
 * @throws {TypeError} when the values are not of the type said.
 */
export async function writeNpy(path: string, array: NpyInput, options: WriteFileAtomicOptions = {}): Promise<void> {
  await writeFileAtomic(path, encodeArray(array), options);
}

function encodeArray({ dtype, shape, data }: NpyInput): Uint8Array[] {
  const type = dtype ?? npyDtypeOf(data);
  if (type !== undefined && !isNpyDtype(type)) {
    throw new TypeError(
      `writeNpy: expected dtype ${NPY_DTYPES.join(', ')}, got ${String(type)}. Leave it out for the values' own type.`,
    );
  }
  if (type === undefined || !fitsNpy(type, data)) {
    throw new TypeError(
      `writeNpy: expected values of ${type ?? 'a known type'}, got ${data.constructor.name}. Convert them first.`,
    );
  }
  const isShape = shape.length <= MAX_NPY_RANK && shape.every((side) => Number.isSafeInteger(side) && side >= 0);
  if (!isShape || shape.reduce((product, side) => product * side, 1) !== data.length) {
    throw new RangeError(`writeNpy: expected a shape of ${data.length} values, got [${shape}]. Check it.`);
  }
  return [buildNpyHeader(type, shape), encodeNpy(type, data)];
}
