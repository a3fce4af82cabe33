import { fromFloat32, toFloat32 } from '@edm2/tensor-files';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const every = Uint16Array.from({ length: 65_536 }, (_, i) => i);

/** IEEE 754 binary16 by its definition. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

describe('F16', () => {
  it('widens all 65,536 values by the definition, in long and short arrays, and narrows them back', () => {
    const wide = toFloat32(every, 'F16');
    for (let i = 0; i < 65_536; i++) if (!Object.is(wide[i], half(i))) throw new Error(`${i}: ${wide[i]}`);
    expect(toFloat32(every.subarray(15_001, 16_000), 'F16')).toEqual(wide.subarray(15_001, 16_000));
    const back = fromFloat32(wide, 'F16');
    for (let i = 0; i < 65_536; i++) if (!Number.isNaN(wide[i]) && back[i] !== i) throw new Error(`${i}: ${back[i]}`);
  });

  it('rounds ties to even', () => {
    const bits = fromFloat32(Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11, 65_519, 65_520, 2 ** -25), 'F16');
    expect([...bits]).toEqual([0x3c00, 0x3c02, 0x7bff, 0x7c00, 0]);
  });
});

describe('BF16', () => {
  it('narrows every widened value back, NaN stays NaN', () => {
    const wide = toFloat32(every, 'BF16');
    const back = fromFloat32(wide, 'BF16');
    expect(wide[0x3f80]).toBe(1);
    for (let i = 0; i < 65_536; i++) if (!Number.isNaN(wide[i]) && back[i] !== i) throw new Error(`${i}: ${back[i]}`);
    const nan = new Float32Array(Uint32Array.of(0x7f800001, 0xffffffff).buffer);
    expect(toFloat32(fromFloat32(nan, 'BF16'), 'BF16').every((x) => Number.isNaN(x))).toBe(true);
  });

  it('rounds to the nearest, ties to even', () => {
    expect([...fromFloat32(Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38), 'BF16')]).toEqual([
      0x3f80, 0x3f82, 0x7f80,
    ]);
    fc.assert(
      fc.property(
        fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e38), max: Math.fround(1e38) }),
        (x) => {
          const [y = Number.NaN] = toFloat32(fromFloat32(Float32Array.of(x), 'BF16'), 'BF16');
          expect(Math.abs(y - x)).toBeLessThanOrEqual(Math.max(Math.abs(x) * 2 ** -8, 2 ** -134));
        },
      ),
    );
  });
});

it('passes float32 through and rounds float64', () => {
  const data = Float32Array.of(1);
  expect(toFloat32(data, 'F32')).toBe(data);
  expect(toFloat32(Float64Array.of(0.1), 'F64')).toEqual(Float32Array.of(0.1));
});
