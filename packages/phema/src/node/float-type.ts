import type { Dtype } from '@edm2/tensor-files';

/** Element types that are averaged; tensors of any other are copied. */
export type FloatDtype = 'F16' | 'BF16' | 'F32' | 'F64';

/** What `dtype` options take. */
export type FloatTypeName = FloatDtype | 'float16' | 'bfloat16' | 'float32' | 'float64';

interface FloatType {
  readonly bytes: number;
  /** Half the distance from 1 to the next number: the largest relative rounding error. */
  readonly roundoff: number;
  readonly names: readonly string[];
}

const FLOATS: Readonly<Record<FloatDtype, FloatType>> = {
  F16: { bytes: 2, roundoff: 2 ** -11, names: ['f16', 'float16', 'fp16', 'half', '16'] },
  BF16: { bytes: 2, roundoff: 2 ** -8, names: ['bf16', 'bfloat16'] },
  F32: { bytes: 4, roundoff: 2 ** -24, names: ['f32', 'float32', 'fp32', 'float', '32'] },
  F64: { bytes: 8, roundoff: 2 ** -53, names: ['f64', 'float64', 'fp64', 'double', '64'] },
};

/** True for element types that can be averaged. */
export const isFloat = (dtype: Dtype): dtype is FloatDtype => Object.hasOwn(FLOATS, dtype);

/** Bytes of one number. */
export const floatBytes = (dtype: FloatDtype): number => FLOATS[dtype].bytes;

/** Largest relative rounding error. */
export const roundoffOf = (dtype: FloatDtype): number => FLOATS[dtype].roundoff;

/**
 * The element type of a name: `float16`, `F16`, `fp16`, `16`, …
 *
 * @throws {RangeError} when the name is unknown.
 */
export function parseFloatType(fn: string, name: string): FloatDtype {
  const found = (Object.keys(FLOATS) as FloatDtype[]).find((dtype) => FLOATS[dtype].names.includes(name.toLowerCase()));
  if (!found)
    throw new RangeError(
      `${fn}: expected dtype float16, bfloat16, float32 or float64, got ${name}. Leave it out to keep the stored type.`,
    );
  return found;
}
