/** Element types of safetensors that this package reads and writes. */
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
  | 'BOOL';

/** Row-major values. F16 and BF16 are their raw bits in a Uint16Array, BOOL is 0 or 1 in a Uint8Array. */
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
  readonly bytes: number;
  /** A view of freshly read bytes, which the caller owns. */
  readonly view: (buffer: ArrayBuffer) => TensorData;
}

const ROWS: Readonly<Record<Dtype, DtypeRow>> = {
  F16: { bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  BF16: { bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  F32: { bytes: 4, view: (buffer) => new Float32Array(buffer) },
  F64: { bytes: 8, view: (buffer) => new Float64Array(buffer) },
  I8: { bytes: 1, view: (buffer) => new Int8Array(buffer) },
  I16: { bytes: 2, view: (buffer) => new Int16Array(buffer) },
  I32: { bytes: 4, view: (buffer) => new Int32Array(buffer) },
  I64: { bytes: 8, view: (buffer) => new BigInt64Array(buffer) },
  U8: { bytes: 1, view: (buffer) => new Uint8Array(buffer) },
  U16: { bytes: 2, view: (buffer) => new Uint16Array(buffer) },
  U32: { bytes: 4, view: (buffer) => new Uint32Array(buffer) },
  U64: { bytes: 8, view: (buffer) => new BigUint64Array(buffer) },
  BOOL: { bytes: 1, view: (buffer) => new Uint8Array(buffer) },
};

/** Every supported element type. */
export const DTYPES: readonly Dtype[] = Object.keys(ROWS) as Dtype[];

/** True for the name of a supported element type. */
export const isDtype = (name: unknown): name is Dtype => typeof name === 'string' && Object.hasOwn(ROWS, name);

/** Bytes of one element. */
export const bytesPerElement = (dtype: Dtype): number => ROWS[dtype].bytes;

/** Typed array over bytes of which the length is a multiple of the element's. */
export const viewAs = (dtype: Dtype, buffer: ArrayBuffer): TensorData => ROWS[dtype].view(buffer);

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
