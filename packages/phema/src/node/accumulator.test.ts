import { fromFloat32, type TensorData, toFloat32 } from '@edm2/tensor-files';
import { describe, expect, it } from 'vitest';
import { createAccumulator } from './accumulator.js';
import type { FloatDtype } from './float-type.js';

const everyHalf = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);

describe('createAccumulator', () => {
  it.each(['F16', 'BF16'] as const)('decodes every %s there is', (dtype) => {
    const accumulator = createAccumulator(1, 1 << 16);
    accumulator.begin(1 << 16);
    accumulator.add(everyHalf, dtype, [1]);
    // Sums begin at +0, so that −0 becomes +0.
    expect(accumulator.sums()[0]).toEqual(Float64Array.from(toFloat32(everyHalf, dtype), (value) => value + 0));
  });

  it.each([1, 3, 4, 5, 31, 64])('adds in float64, several sums, %s values', (length) => {
    const accumulator = createAccumulator(3, 64);
    const numbers = Float64Array.from({ length }, (_, i) => Math.sin(i + 1));
    const stored: Record<FloatDtype, TensorData> = {
      F64: numbers,
      F32: Float32Array.from(numbers),
      F16: fromFloat32(Float32Array.from(numbers), 'F16'),
      BF16: fromFloat32(Float32Array.from(numbers), 'BF16'),
    };
    const weights = [1.7, -0.3, 1e-3];
    accumulator.begin(64);
    accumulator.add(new Float32Array(64).fill(Number.NaN), 'F32', weights);
    accumulator.begin(length);
    const expected = weights.map(() => new Float64Array(length));
    for (const dtype of ['F32', 'F16', 'BF16', 'F64'] as const) {
      const values = dtype === 'F64' ? numbers : toFloat32(stored[dtype], dtype);
      expected.forEach((sum, k) => {
        for (let i = 0; i < length; i++) sum[i] = (sum[i] ?? 0) + (weights[k] ?? 0) * (values[i] ?? 0);
      });
      accumulator.add(stored[dtype], dtype, weights);
    }
    expect(accumulator.sums()).toEqual(expected);
  });

  it('takes no values at all', () => {
    const accumulator = createAccumulator(2, 8);
    accumulator.begin(0);
    accumulator.add(new Float32Array(), 'F32', [1, 1]);
    expect(accumulator.sums().map(({ length }) => length)).toEqual([0, 0]);
  });
});
