import { type WriteFileAtomicOptions, writeFileAtomic } from '../atomic.js';
import type { NpyArray } from './npy-array.js';
import {
  encodeNpy,
  fitsNpy,
  isComplexNpy,
  isNpyDtype,
  NPY_DTYPES,
  type NpyData,
  type NpyDtype,
  npyBytes,
  npyDtypeOf,
} from './npy-dtype.js';
import { openNpy, otherArray } from './npy-file.js';
import { buildNpyHeader, MAX_NPY_RANK, parseNpyHeader } from './npy-header.js';
import { checkLength, decodeValues, layoutOf } from './npy-values.js';

/** An array to write. */
export interface NpyInput {
  /** Default: what `data` is (Float32Array is `<f4` …); `<f2` takes float32 values and rounds them, `|b1` takes 0 and 1, `<c8` and `<c16` take pairs. */
  readonly dtype?: NpyDtype;
  readonly shape: readonly number[];
  readonly data: NpyData;
}

/**
 * Reads an npy file (versions 1 to 3; numbers and booleans of either byte order, in C or Fortran order).
 *
 * @param source - a path, or the file's bytes.
 * @throws {NpyParseError} when it is damaged, of another kind, or of a type that is not read.
 * @throws {RangeError} when it is larger than Node.js can hold at once: then read it with `openNpy`, piece by piece.
 */
export async function readNpy(source: string | Uint8Array): Promise<NpyArray> {
  if (typeof source === 'string') {
    const file = await openNpy(source);
    return file.read().finally(() => file.close());
  }
  try {
    return parseNpy(source, '<bytes>');
  } catch (error) {
    throw await otherArray(source, '<bytes>', error);
  }
}

/**
 * Reads the bytes of an npy file.
 *
 * @param bytes - the whole file.
 * @param file - for errors.
 * @throws {NpyParseError} as {@link readNpy}.
 */
function parseNpy(bytes: Uint8Array, file: string): NpyArray {
  const header = parseNpyHeader(bytes, file);
  const { dtype, shape, dataStart } = header;
  checkLength(header, npyBytes(dtype), bytes.length - dataStart, file, (at) => bytes.subarray(at));
  return { dtype, shape, data: decodeValues(new Uint8Array(bytes.subarray(dataStart)), layoutOf(header, dtype)) };
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
  const values = data.length / (isComplexNpy(type) ? 2 : 1);
  if (!isShape || shape.reduce((product, side) => product * side, 1) !== values) {
    throw new RangeError(`writeNpy: expected a shape of ${values} values, got [${shape}]. Check it.`);
  }
  return [buildNpyHeader(type, shape), encodeNpy(type, data)];
}
