import { swapBytes } from '../byte-order.js';
import { decodeNpy, isComplexNpy, type NpyData, type NpyDtype, npyBytes, npyWidth } from './npy-dtype.js';
import type { AnyNpyHeader } from './npy-header.js';
import { NpyParseError } from './parse-error.js';

/** Number of elements. */
export const sizeOf = (shape: readonly number[]): number =>
  shape.includes(0) ? 0 : shape.reduce((product, side) => product * side, 1);

/** How values lie in bytes. */
export interface ValuesLayout {
  readonly dtype: NpyDtype;
  readonly isBigEndian: boolean;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** How the values of a file lie. */
export const layoutOf = ({ type, fortranOrder, shape }: AnyNpyHeader, dtype: NpyDtype): ValuesLayout => ({
  dtype,
  isBigEndian: type.isBigEndian,
  fortranOrder,
  shape,
});

/** Values of bytes that the caller owns, in row-major order and this machine's byte order. */
export function decodeValues(
  bytes: Uint8Array<ArrayBuffer>,
  { dtype, isBigEndian, fortranOrder, shape }: ValuesLayout,
): NpyData {
  if (isBigEndian) swapBytes(bytes, npyWidth(dtype));
  const data = decodeNpy(dtype, bytes.buffer);
  return fortranOrder && shape.length > 1 ? toRowMajor(data, shape, isComplexNpy(dtype) ? 2 : 1) : data;
}

/**
 * Checks how many bytes follow a header.
 *
 * @param itemBytes - of one element.
 * @param actual - bytes that there are.
 * @param next - the first of those that are too many, if there are any.
 * @throws {NpyParseError} `'truncated'` or `'trailing-bytes'`.
 */
export function checkLength(
  { type, shape, dataStart }: AnyNpyHeader,
  itemBytes: number,
  actual: number,
  file: string,
  next: (at: number) => Uint8Array,
): void {
  const expected = sizeOf(shape) * itemBytes;
  if (actual === expected) return;
  const isShort = actual < expected;
  const offset = dataStart + Math.min(actual, expected);
  const isNext = !isShort && Buffer.from(next(offset)).toString('latin1', 0, 6) === '\x93NUMPY';
  const text = isNext
    ? `expected one array, got another after it, from byte ${offset} on. Save each in a file of its own, or all with numpy.savez.`
    : `expected ${expected} bytes of values for ${type.dtype ?? type.descr} (${shape.join(', ')}), got ${actual}. Fetch or save the file again.`;
  throw new NpyParseError(isShort ? 'truncated' : 'trailing-bytes', { file, offset, field: 'values' }, text);
}

/** Bytes of one element; texts have a type of their own. */
export function itemBytesOf({ type }: AnyNpyHeader): number | undefined {
  if (type.dtype !== undefined) return npyBytes(type.dtype);
  return type.text && type.text.characters * (type.text.isWide ? 4 : 1);
}

/** The texts of bytes, row-major for C order. Zeros at their ends are padding, as in NumPy. */
export function decodeTexts(bytes: Uint8Array<ArrayBuffer>, { type, shape }: AnyNpyHeader): string[] {
  const { characters = 0, isWide = false } = type.text ?? {};
  if (isWide && type.isBigEndian) swapBytes(bytes, 4);
  const points = isWide ? new Uint32Array(bytes.buffer) : bytes;
  return Array.from({ length: sizeOf(shape) }, (_, i) => {
    const part = points.subarray(i * characters, (i + 1) * characters);
    let end = part.length;
    while (end > 0 && part[end - 1] === 0) end--;
    if (!isWide) return Buffer.from(part.subarray(0, end)).toString('utf8');
    return Array.from(part.subarray(0, end), (point) =>
      point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd',
    ).join('');
  });
}

/**
 * Values in column-major order (first axis fastest) as row-major ones.
 *
 * @param width - values of one element.
 */
function toRowMajor(data: NpyData, shape: readonly number[], width = 1): NpyData {
  const out = data.slice();
  const strides: number[] = []; // of each axis in the column-major input
  let stride = 1;
  for (const side of shape) {
    strides.push(stride);
    stride *= side;
  }
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < out.length; to += width) {
    for (let part = 0; part < width; part++) out[to + part] = data[from * width + part] as never; // number or bigint, the same in both
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
