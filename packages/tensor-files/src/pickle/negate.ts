import type { Dtype, TensorData } from '../safetensors/dtype.js';

const isComplex = (dtype: Dtype): boolean => dtype.startsWith('C');

/** Whether values of this type can carry PyTorch's lazy negation. 8-bit floats have no negative zero in some of their forms. */
export const isNegatable = (dtype: Dtype): boolean => dtype !== 'BOOL' && !dtype.startsWith('F8_');

/** Whether values of this type have conjugates of their own. */
export const isConjugable = isComplex;

/** Sign of a half float, whose raw bits are kept. */
const HALF_SIGN = 0x8000;

/**
 * Changes signs in place: of all values, of imaginary parts, or of both, which leaves imaginary parts as they are.
 *
 * @param isNegated - whether values are stored with the other sign.
 * @param isConjugated - whether their conjugates are stored.
 */
export function negate(dtype: Dtype, data: TensorData, isNegated: boolean, isConjugated: boolean): void {
  const real = isNegated;
  const imaginary = isNegated !== isConjugated;
  const step = isComplex(dtype) ? 2 : 1;
  if (real) flip(dtype, data, 0, step);
  if (step === 2 && imaginary) flip(dtype, data, 1, step);
}

function flip(dtype: Dtype, data: TensorData, from: number, step: number): void {
  if (data instanceof Uint16Array && dtype !== 'U16') {
    for (let i = from; i < data.length; i += step) data[i] = (data[i] as number) ^ HALF_SIGN;
  } else if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = from; i < data.length; i += step) data[i] = -(data[i] ?? 0n);
  } else {
    // Integers wrap around, as in PyTorch.
    for (let i = from; i < data.length; i += step) data[i] = -(data[i] as number);
  }
}
