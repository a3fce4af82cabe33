import type { DType } from '@edm2/tfjs-jit/graph';
import type { Emitter } from './emitter.js';

/** Element codes of ONNX types, for Cast. */
export const CAST_CODE = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 } as const;

export const cast = (x: string, to: keyof typeof CAST_CODE, e: Emitter): string =>
  e.op('Cast', [x], { to: CAST_CODE[to] });

/** Types that have numbers beyond 32 bits. */
const isWide = (type: DType | 'float64'): boolean => type === 'float32' || type === 'float64';

/**
 * A cast as JavaScript's arrays make it: what is not finite is 0, and of what is too large the last 32 bits count. From a
 * float straight to 32 bits, processors give whatever they like.
 */
export function convert(x: string, from: DType | 'float64', to: DType | 'float64', e: Emitter): string {
  if (from === to) return x;
  // The remainder changes nothing; without it ONNX Runtime makes one cast of both.
  if (to === 'int32' && isWide(from)) return cast(e.op('Mod', [cast(x, 'int64', e), e.int(2 ** 32)]), 'int32', e);
  return cast(x, to, e);
}
