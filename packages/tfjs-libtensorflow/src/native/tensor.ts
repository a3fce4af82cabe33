import type { Api, Pointer } from './api.js';
import { arrayFor, DataType, dataTypeName, type TensorArray } from './data-type.js';

/** Elements of a tensor; strings as their bytes, one array each. */
export type TensorContents = TensorArray | Uint8Array[];

/** Bytes of one string of a tensor in memory (`TF_TString`). */
const STRING_BYTES = 24;

/**
 * A tensor in host memory with a copy of `values`, or of strings with views of them; the caller deletes it.
 *
 * @throws {RangeError} when the values are not as many as the shape says.
 */
export function allocate(api: Api, type: number, shape: readonly number[], values: TensorContents): Pointer {
  const dims = BigInt64Array.from(shape, BigInt);
  const size = shape.reduce((product, n) => product * n, 1);
  if (type === DataType.string) return allocateStrings(api, dims, size, values);
  if (!ArrayBuffer.isView(values)) throw wrongValues(type, shape, 'a list');
  const expected = arrayFor(type, 0)?.BYTES_PER_ELEMENT ?? 0;
  const bytes = size * (type === DataType.complex64 ? 8 : expected);
  if (values.byteLength !== bytes) throw wrongValues(type, shape, `${values.length} in a ${values.constructor.name}`);
  const tensor = api.TF_AllocateTensor(type, dims, dims.length, bytes);
  if (bytes > 0) api.memcpy(api.TF_TensorData(tensor), values, bytes);
  return tensor;
}

/** Strings as views of one array, which must live as long as the tensor: TensorFlow does not free strings that it did not make. */
function allocateStrings(api: Api, dims: BigInt64Array, size: number, values: TensorContents): Pointer {
  if (!Array.isArray(values) || values.length !== size)
    throw wrongValues(DataType.string, [...dims].map(Number), `${values.length}`);
  const tensor = api.TF_AllocateTensor(DataType.string, dims, dims.length, size * STRING_BYTES);
  const data = api.TF_TensorData(tensor);
  values.forEach((bytes, i) => {
    const place = data + BigInt(i * STRING_BYTES);
    api.TF_StringInit(place);
    api.TF_StringAssignView(place, bytes, bytes.length);
  });
  return tensor;
}

const wrongValues = (type: number, shape: readonly number[], got: string): RangeError =>
  new RangeError(
    `tensorflow: expected the elements of a tensor ${dataTypeName(type)}[${shape}], got ${got}. Pass as many as the shape says.`,
  );

/** Elements of a tensor in host memory, copied. */
export function contents(api: Api, tensor: Pointer): TensorContents {
  const type = api.TF_TensorType(tensor);
  const bytes = api.TF_TensorByteSize(tensor);
  if (type === DataType.string) {
    const data = api.TF_TensorData(tensor);
    return Array.from({ length: bytes / STRING_BYTES }, (_, i) => {
      const place = data + BigInt(i * STRING_BYTES);
      const text = new Uint8Array(api.TF_StringGetSize(place));
      if (text.length > 0) api.memcpy(text, api.TF_StringGetDataPointer(place), text.length);
      return text;
    });
  }
  const values = arrayFor(type, bytes);
  if (values === undefined)
    throw new TypeError(
      `tensorflow: expected a tensor of numbers or strings, got ${dataTypeName(type)}. It cannot be read.`,
    );
  if (bytes > 0) api.memcpy(values, api.TF_TensorData(tensor), bytes);
  return values;
}
