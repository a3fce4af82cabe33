/**
 * Element types of tensors, by their names in safetensors. Those below one byte (F4, F6_…) are packed; C32 and C128 are PyTorch's alone
 * and have no place in safetensors files.
 */
export type Dtype =
  | 'F16'
  | 'BF16'
  | 'F32'
  | 'F64'
  | 'I8'
  | 'I16'
  | 'I32'
  | 'I64'
  | 'U8'
  | 'U16'
  | 'U32'
  | 'U64'
  | 'BOOL'
  | Float8Dtype
  | 'F6_E2M3'
  | 'F6_E3M2'
  | 'F4'
  | 'C32'
  | 'C64'
  | 'C128';

/** Floating-point types of one byte. */
export type Float8Dtype = 'F8_E4M3' | 'F8_E5M2' | 'F8_E4M3FNUZ' | 'F8_E5M2FNUZ' | 'F8_E8M0';

/**
 * Row-major values, one for each element: F16 and BF16 as raw bits in a Uint16Array, 8-bit floats as raw bits and BOOL as 0 or 1 in a
 * Uint8Array. Complex numbers take two each, real and imaginary part (C64 a Float32Array, C128 a Float64Array, C32 raw bits of F16).
 * Types below one byte stay packed, in a Uint8Array.
 */
export type TensorData =
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

interface DtypeRow {
  readonly bits: number;
  readonly kind: {
    new (buffer: ArrayBuffer): TensorData;
    readonly BYTES_PER_ELEMENT: number;
  };
}

const ROWS: Readonly<Record<Dtype, DtypeRow>> = {
  F16: { bits: 16, kind: Uint16Array },
  BF16: { bits: 16, kind: Uint16Array },
  F32: { bits: 32, kind: Float32Array },
  F64: { bits: 64, kind: Float64Array },
  I8: { bits: 8, kind: Int8Array },
  I16: { bits: 16, kind: Int16Array },
  I32: { bits: 32, kind: Int32Array },
  I64: { bits: 64, kind: BigInt64Array },
  U8: { bits: 8, kind: Uint8Array },
  U16: { bits: 16, kind: Uint16Array },
  U32: { bits: 32, kind: Uint32Array },
  U64: { bits: 64, kind: BigUint64Array },
  BOOL: { bits: 8, kind: Uint8Array },
  F8_E4M3: { bits: 8, kind: Uint8Array },
  F8_E5M2: { bits: 8, kind: Uint8Array },
  F8_E4M3FNUZ: { bits: 8, kind: Uint8Array },
  F8_E5M2FNUZ: { bits: 8, kind: Uint8Array },
  F8_E8M0: { bits: 8, kind: Uint8Array },
  F6_E2M3: { bits: 6, kind: Uint8Array },
  F6_E3M2: { bits: 6, kind: Uint8Array },
  F4: { bits: 4, kind: Uint8Array },
  C64: { bits: 64, kind: Float32Array },
  C32: { bits: 32, kind: Uint16Array },
  C128: { bits: 128, kind: Float64Array },
};

/** Every element type of safetensors files. */
export const DTYPES: readonly Dtype[] = (Object.keys(ROWS) as Dtype[]).filter(
  (name) => name !== 'C32' && name !== 'C128',
);

/** True for the name of an element type of safetensors files. */
export const isDtype = (name: unknown): name is Dtype => (DTYPES as readonly unknown[]).includes(name);

/** Bytes of one element; a fraction where several share one. */
export const bytesPerElement = (dtype: Dtype): number => ROWS[dtype].bits / 8;

/** Bytes of one number of the array that holds a tensor's values. */
export const bytesPerValue = (dtype: Dtype): number => ROWS[dtype].kind.BYTES_PER_ELEMENT;

/** Length of the array that holds so many elements. */
export const valuesOf = (dtype: Dtype, elements: number): number =>
  (elements * bytesPerElement(dtype)) / bytesPerValue(dtype);

/** Bytes of a shape; not a whole number where packed elements do not fill their last byte. */
export const byteLengthOf = (dtype: Dtype, shape: readonly number[]): number =>
  shape.includes(0) ? 0 : shape.reduce((product, side) => product * side, bytesPerElement(dtype));

/** Least number of elements that fill whole bytes. */
export const elementsPerUnit = (dtype: Dtype): number => {
  const bits = ROWS[dtype].bits % 8;
  return bits === 0 ? 1 : bits === 4 ? 2 : 4;
};

/** Typed array over bytes of which the length is a multiple of the element's. */
export const viewAs = (dtype: Dtype, buffer: ArrayBuffer): TensorData => new ROWS[dtype].kind(buffer);

/** Whether values of this array are stored as `dtype` as they are. */
export const fitsDtype = (dtype: Dtype, data: TensorData): boolean => data instanceof ROWS[dtype].kind;

const BY_ARRAY: readonly (readonly [Dtype, abstract new (...args: never) => TensorData])[] = [
  ['F32', Float32Array],
  ['F64', Float64Array],
  ['I8', Int8Array],
  ['I16', Int16Array],
  ['I32', Int32Array],
  ['I64', BigInt64Array],
  ['U8', Uint8Array],
  ['U16', Uint16Array],
  ['U32', Uint32Array],
  ['U64', BigUint64Array],
];

/** The element type that a typed array holds when nothing else is said, `undefined` for anything that is not one of {@link TensorData}. */
export const dtypeOf = (data: unknown): Dtype | undefined => BY_ARRAY.find(([, kind]) => data instanceof kind)?.[0];
