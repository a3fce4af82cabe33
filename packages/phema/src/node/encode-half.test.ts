import { fromFloat32, toFloat32 } from '@edm2/tensor-files';
import { describe, expect, it } from 'vitest';
import { encodeHalf } from './encode-half.js';

const everyHalf = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);

describe('encodeHalf', () => {
  it('rounds every float16, the ties between them and their neighbours as tensor-files does', () => {
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
});
