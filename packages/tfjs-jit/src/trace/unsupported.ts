import { DECOMPOSITIONS } from '../decompose/table.js';
import { KERNELS } from '../kernels/table.js';
import { nearest } from './nearest.js';
import { REFUSED } from './refused.js';

/** How many supported kernels a message names. */
const NAMED = 3;

/** The error for a kernel that cannot be compiled: why, and what to do. */
export function unsupportedKernel(kernel: string, op: string): Error {
  const refusal = REFUSED[kernel];
  if (refusal !== undefined) {
    return new Error(
      `jit: expected kernels that can be compiled, got ${kernel} (asked for by tf.${op}): ${refusal.reason}. ${refusal.remedy}.`,
    );
  }
  const known = [...new Set([...Object.keys(KERNELS), ...Object.keys(DECOMPOSITIONS)])];
  return new Error(
    `jit: expected kernels that can be compiled, got ${kernel} (asked for by tf.${op}), which has no lowering. ` +
      `Write it with other ops, or call it outside; the ${known.length} kernels that are known ` +
      `include ${nearest(kernel, known, NAMED).join(', ')}.`,
  );
}
