import type { Float8Dtype } from './dtype.js';

interface Format {
  /** Bits of the fraction; the sign takes one, the exponent the rest. */
  readonly fraction: number;
  readonly bias: number;
  /** The value of special bits, `undefined` for a number by the rule. */
  readonly special: (bits: number) => number | undefined;
}

const NAN = Number.NaN;

/** Formats of the Open Compute Project (E4M3 without, E5M2 with infinities), and those with one zero and one NaN. */
const FORMATS: Readonly<Record<Exclude<Float8Dtype, 'F8_E8M0'>, Format>> = {
  F8_E4M3: { fraction: 3, bias: 7, special: (bits) => ((bits & 0x7f) === 0x7f ? NAN : undefined) },
  F8_E5M2: {
    fraction: 2,
    bias: 15,
    special: (bits) =>
      (bits & 0x7f) < 0x7c
        ? undefined
        : (bits & 3) !== 0
          ? NAN
          : bits < 128
            ? Number.POSITIVE_INFINITY
            : Number.NEGATIVE_INFINITY,
  },
  F8_E4M3FNUZ: { fraction: 3, bias: 8, special: (bits) => (bits === 0x80 ? NAN : undefined) },
  F8_E5M2FNUZ: { fraction: 2, bias: 16, special: (bits) => (bits === 0x80 ? NAN : undefined) },
};

function decode(bits: number, { fraction, bias, special }: Format): number {
  const sign = bits < 128 ? 1 : -1;
  const exponent = (bits & 0x7f) >> fraction;
  const rest = (bits & ((1 << fraction) - 1)) / (1 << fraction);
  const value = exponent === 0 ? rest * 2 ** (1 - bias) : (1 + rest) * 2 ** (exponent - bias);
  return special(bits) ?? sign * value;
}

const tables = new Map<Float8Dtype, Float32Array>();

/** All 256 values of a type. E8M0 is a power of two alone, the scale of a block of others. */
export function float8Table(dtype: Float8Dtype): Float32Array {
  const known = tables.get(dtype);
  if (known) return known;
  const table = Float32Array.from({ length: 256 }, (_, bits) =>
    dtype === 'F8_E8M0' ? (bits === 255 ? NAN : 2 ** (bits - 127)) : decode(bits, FORMATS[dtype]),
  );
  tables.set(dtype, table);
  return table;
}
