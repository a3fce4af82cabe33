import { fromFloat32, toFloat32 } from '../safetensors/half.js';

/** Element types of npy files that are read and written, in NumPy's notation. */
export type NpyDtype =
  | '<f2'
  | '<f4'
  | '<f8'
  | '|i1'
  | '<i2'
  | '<i4'
  | '<i8'
  | '|u1'
  | '<u2'
  | '<u4'
  | '<u8'
  | '|b1'
  | '<c8'
  | '<c16';

/**
 * Values of an npy array. Half floats are widened to float32; booleans are 0 or 1 in a Uint8Array; complex numbers take two values each, real
 * and imaginary part.
 */
export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

interface NpyRow {
  readonly bytes: number;
  /** Values of bytes that the caller owns. */
  readonly decode: (buffer: ArrayBuffer) => NpyData;
  readonly kind: abstract new (...args: never) => NpyData;
}

const ROWS: Readonly<Record<NpyDtype, NpyRow>> = {
  '<f2': { bytes: 2, decode: (b) => toFloat32(new Uint16Array(b), 'F16'), kind: Float32Array },
  '<f4': { bytes: 4, decode: (b) => new Float32Array(b), kind: Float32Array },
  '<f8': { bytes: 8, decode: (b) => new Float64Array(b), kind: Float64Array },
  '|i1': { bytes: 1, decode: (b) => new Int8Array(b), kind: Int8Array },
  '<i2': { bytes: 2, decode: (b) => new Int16Array(b), kind: Int16Array },
  '<i4': { bytes: 4, decode: (b) => new Int32Array(b), kind: Int32Array },
  '<i8': { bytes: 8, decode: (b) => new BigInt64Array(b), kind: BigInt64Array },
  '|u1': { bytes: 1, decode: (b) => new Uint8Array(b), kind: Uint8Array },
  '<u2': { bytes: 2, decode: (b) => new Uint16Array(b), kind: Uint16Array },
  '<u4': { bytes: 4, decode: (b) => new Uint32Array(b), kind: Uint32Array },
  '<u8': { bytes: 8, decode: (b) => new BigUint64Array(b), kind: BigUint64Array },
  '|b1': { bytes: 1, decode: (b) => new Uint8Array(b), kind: Uint8Array },
  '<c8': { bytes: 8, decode: (b) => new Float32Array(b), kind: Float32Array },
  '<c16': { bytes: 16, decode: (b) => new Float64Array(b), kind: Float64Array },
};

/** Every element type that is read and written. */
export const NPY_DTYPES: readonly NpyDtype[] = Object.keys(ROWS) as NpyDtype[];

export const isNpyDtype = (text: string): text is NpyDtype => Object.hasOwn(ROWS, text);
export const npyBytes = (dtype: NpyDtype): number => ROWS[dtype].bytes;
/** Numbers that are swapped as one where the byte order is another. */
export const npyWidth = (dtype: NpyDtype): number => (isComplexNpy(dtype) ? npyBytes(dtype) / 2 : npyBytes(dtype));

/** True for types whose elements take two values. */
export const isComplexNpy = (dtype: NpyDtype): boolean => dtype.startsWith('<c');

export const decodeNpy = (dtype: NpyDtype, buffer: ArrayBuffer): NpyData => ROWS[dtype].decode(buffer);

/** Whether values of this typed array are stored as `dtype`. */
export const fitsNpy = (dtype: NpyDtype, data: NpyData): boolean => data instanceof ROWS[dtype].kind;

/** The type that a typed array is stored as when nothing else is said. */
export const npyDtypeOf = (data: NpyData): NpyDtype | undefined =>
  NPY_DTYPES.find((dtype) => dtype !== '<f2' && fitsNpy(dtype, data));

/** Bytes of values that fit `dtype`. */
export function encodeNpy(dtype: NpyDtype, data: NpyData): Uint8Array {
  const stored = dtype === '<f2' && data instanceof Float32Array ? fromFloat32(data, 'F16') : data;
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}
