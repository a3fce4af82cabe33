/** TensorFlow's numbers for element types (`TF_DataType`). */
export const DataType = {
  float32: 1,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  half: 19,
  resource: 20,
} as const;

/** Typed arrays that hold a tensor's elements in JavaScript. */
export type TensorArray = Float32Array | Int32Array | Uint8Array | BigInt64Array | Uint16Array;

/** An array for `bytes` bytes of elements of one type; undefined for types that have no such array. */
export function arrayFor(type: number, bytes: number): TensorArray | undefined {
  switch (type) {
    case DataType.float32:
    case DataType.complex64:
      return new Float32Array(bytes / 4);
    case DataType.int32:
      return new Int32Array(bytes / 4);
    case DataType.bool:
    case DataType.uint8:
      return new Uint8Array(bytes);
    case DataType.int64:
      return new BigInt64Array(bytes / 8);
    case DataType.bfloat16:
    case DataType.half:
      return new Uint16Array(bytes / 2);
    default:
      return undefined;
  }
}

/** Name of a type for messages. */
export const dataTypeName = (type: number): string =>
  Object.entries(DataType).find(([, value]) => value === type)?.[0] ?? `type ${type}`;
