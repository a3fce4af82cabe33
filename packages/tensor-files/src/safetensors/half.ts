import { Float16Array } from '@petamoriken/float16';
import type { Dtype, Float8Dtype, TensorData } from './dtype.js';
import { float8Table } from './float8.js';

/** Two-byte floating-point types, stored as raw bits in a Uint16Array. */
export type HalfDtype = 'F16' | 'BF16';

const isHalf = (dtype: Dtype): dtype is HalfDtype => dtype === 'F16' || dtype === 'BF16';

const isFloat8 = (dtype: Dtype): dtype is Float8Dtype => dtype.startsWith('F8_');

/** Below this many values a table of all 65,536 half floats costs more than it saves. */
const TABLE_FROM = 1 << 16;

/** A private copy of the bits as float16, because the library's array needs aligned memory of its own. */
function float16Values(bits: Uint16Array): ArrayLike<number> {
  return new Float16Array(bits.slice().buffer);
}

/** What else there is, by the first letter of its name. */
const CONVERSIONS: Readonly<Record<string, string>> = { C: 'complex numbers', F: 'packed floats' };

let table: Float32Array | undefined;

/**
 * F16, BF16, F32, F64 and 8-bit floating-point values as float32. Exact for all but F64, which is rounded.
 *
 * @param data - values as the reader returns them: raw bits in a Uint16Array for F16 and BF16, in a Uint8Array for 8-bit floats.
 * @param dtype - element type of `data`.
 * @returns `data` itself for F32, else a new array of the same length.
 * @throws {TypeError} for an integer, boolean, complex or packed type, or data that does not belong to `dtype`.
 */
export function toFloat32(data: TensorData, dtype: Dtype): Float32Array {
  if (dtype === 'F32' && data instanceof Float32Array) return data;
  if (dtype === 'F64' && data instanceof Float64Array) return Float32Array.from(data);
  if (isFloat8(dtype) && data instanceof Uint8Array) {
    const values = float8Table(dtype);
    return Float32Array.from(data, (bits) => values[bits] as number);
  }
  if (!isHalf(dtype) || !(data instanceof Uint16Array)) {
    throw new TypeError(
      `toFloat32: expected values of F16, BF16, F32, F64 or an 8-bit float, got ${dtype} in ${data.constructor.name}. Convert ${CONVERSIONS[dtype[0] ?? ''] ?? 'integers'} by hand.`,
    );
  }
  if (dtype === 'BF16') {
    const out = new Float32Array(data.length);
    const bits = new Uint32Array(out.buffer);
    for (let i = 0; i < data.length; i++) bits[i] = (data[i] as number) << 16;
    return out;
  }
  if (data.length < TABLE_FROM) return Float32Array.from(float16Values(data));
  table ??= Float32Array.from(float16Values(Uint16Array.from({ length: 65_536 }, (_, i) => i)));
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = table[data[i] as number] as number;
  return out;
}

/**
 * Float32 values rounded to the nearest half-precision float, ties to even; too large becomes infinite, NaN stays NaN.
 *
 * @param values - `[n]` float32.
 * @param dtype - the target type.
 * @returns `[n]` raw bits, as the writer takes them.
 */
export function fromFloat32(values: Float32Array, dtype: HalfDtype): Uint16Array {
  if (dtype === 'F16') {
    const half = new Float16Array(values);
    return new Uint16Array(half.buffer, half.byteOffset, half.length);
  }
  const out = new Uint16Array(values.length);
  const bits = new Uint32Array(values.slice().buffer);
  for (let i = 0; i < out.length; i++) {
    const x = bits[i] as number;
    const isNaN32 = (x & 0x7fffffff) > 0x7f800000;
    // Adding 0x7fff plus the last kept bit rounds to even; a NaN keeps a bit that makes it quiet.
    out[i] = isNaN32 ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
  return out;
}
