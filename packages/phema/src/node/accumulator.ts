import type { Dtype, TensorData } from '@edm2/tensor-files';
import { type AccumulateKernels, createKernels } from './accumulate-kernels.js';

/** Values a kernel takes at a turn. */
const TURN = 4;

/** Weighted sums of stored numbers, for several sets of weights at once. */
export interface Accumulator {
  /** Begins new sums of `length` values, at most the capacity. */
  begin(length: number): void;
  /** Adds `weights[k]·values` to sum k; as many values as begun with. */
  add(values: TensorData, dtype: Dtype, weights: readonly number[]): void;
  /** The sums; valid until the next `begin`. */
  sums(): Float64Array[];
}

/**
 * @param count - number of sums.
 * @param capacity - most values at a time.
 */
export function createAccumulator(count: number, capacity: number): Accumulator {
  const room = Math.ceil(capacity / TURN) * TURN;
  const { memory, kernels } = createKernels(room * 8 * (count + 1));
  // Values lie first, with room for float64; the sums follow.
  const sumAt = (k: number): number => room * 8 * (k + 1);
  const bytes = new Uint8Array(memory.buffer);
  const sum = (k: number, length: number) => new Float64Array(memory.buffer, sumAt(k), length);
  let length = 0;
  return {
    begin(next) {
      length = next;
      for (let k = 0; k < count; k++) sum(k, Math.ceil(length / TURN) * TURN).fill(0);
    },
    add(values, dtype, weights) {
      if (values instanceof Float64Array) {
        for (let k = 0; k < count; k++) addNumbers(sum(k, length), values, weights[k] ?? 0);
        return;
      }
      const kernel = kernels[dtype as keyof AccumulateKernels];
      bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
      // The last turn may go past the end: into the rounding-up of the same sum, which nobody reads.
      const byteLength = Math.ceil(length / TURN) * TURN * 8;
      if (length > 0) for (let k = 0; k < count; k++) kernel(sumAt(k), 0, sumAt(k) + byteLength, weights[k] ?? 0);
    },
    sums: () => Array.from({ length: count }, (_, k) => sum(k, length)),
  };
}

function addNumbers(sum: Float64Array, values: Float64Array, weight: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (values[i] as number);
}
