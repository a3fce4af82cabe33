import { fromFloat32, toFloat32 } from '@edm2/tensor-files';
import { describe, expect, it } from 'vitest';
import { addScaled, decode, encodeHalf } from './float-values.js';

const everyHalf = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);

describe('float values', () => {
  it('encode every float16, the ties between them and their neighbours as tensor-files does', () => {
    const halves = toFloat32(everyHalf, 'F16').filter((value) => Number.isFinite(value));
    const ties = halves.map((value, i) => (value + (halves[i + 1] ?? value)) / 2);
    const ulp = 2 ** -23;
    const special = Float32Array.of(
      Number.NaN,
      Infinity,
      -Infinity,
      65504,
      65519.99,
      65520,
      65536,
      1e30,
      -0,
      1e-8,
      2 ** -25,
      3e-45,
    );
    for (const values of [halves, ties, ties.map((v) => v * (1 + ulp)), ties.map((v) => v * (1 - ulp)), special])
      expect(encodeHalf(values)).toEqual(fromFloat32(values, 'F16'));
  });

  it('decode two-byte floats, and leave others as they are', () => {
    const scratch = new Float32Array(1 << 16);
    for (const dtype of ['F16', 'BF16'] as const)
      expect(decode(everyHalf, dtype, scratch)).toEqual(toFloat32(everyHalf, dtype));
    const numbers = Float64Array.of(1, 2);
    expect(decode(numbers, 'F64', scratch)).toBe(numbers);
  });

  it.each([1, 2, 3, 5])('add to %s sums', (count) => {
    const sums = Array.from({ length: count }, (_, k) => Float64Array.of(k, k));
    addScaled(
      sums,
      Float32Array.of(1, 2),
      sums.map((_, k) => k + 1),
    );
    sums.forEach((sum, k) => {
      expect([...sum]).toEqual([k + k + 1, k + 2 * (k + 1)]);
    });
  });
});
