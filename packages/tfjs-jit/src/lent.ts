import type { Tensor } from '@tensorflow/tfjs-core';

/** Tensors that a call which has not ended yet will dispose or assign. */
const lent = new Set<Tensor>();

/** Waits for a call that was given `tensors`; until it ends, no other compiled call may take them. */
export async function whileLent<T>(tensors: readonly Tensor[], call: Promise<T>): Promise<T> {
  for (const tensor of tensors) lent.add(tensor);
  try {
    return await call;
  } finally {
    for (const tensor of tensors) lent.delete(tensor);
  }
}

/**
 * @param what - its name, for the error.
 * @throws {Error} for a tensor that a call which has not ended yet was given.
 */
export function checkNotLent(tensor: Tensor, what: () => string): void {
  if (lent.size === 0 || !lent.has(tensor)) return;
  throw new Error(
    `jit: expected tensors that are at rest, got ${what()}, which a runAsync that has not ended yet was given to update. ` +
      'Await that call first.',
  );
}
