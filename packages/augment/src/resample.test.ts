import {
  type Affine,
  compose,
  IDENTITY,
  type Image,
  invert,
  moveOnGrid,
  resample,
  rotate2d,
  scale2d,
  translate2d,
} from '@edm2/augment';
import { createRandom } from '@edm2/random';
import { describe, expect, test } from 'vitest';
import { reflect } from './image.js';
import { CENTRE, SYM6 } from './sym6.js';

const noise = (size: number, channels = 1): Image => ({
  values: createRandom(1)
    .stream('image')
    .normal(size * size * channels),
  size,
  channels,
});
const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));

describe('sym6', () => {
  test('is orthonormal to its even shifts, sums to √2, and has six vanishing moments', () => {
    for (let shift = 0; shift < 12; shift += 2) {
      const product = SYM6.reduce((sum, tap, i) => sum + tap * (SYM6[i + shift] ?? 0), 0);
      expect(product).toBeCloseTo(shift === 0 ? 1 : 0, 14);
    }
    expect(SYM6.reduce((sum, tap) => sum + tap)).toBeCloseTo(Math.SQRT2, 14);
    for (let moment = 0; moment < 6; moment++)
      expect(SYM6.reduce((sum, tap, i) => sum + (-1) ** i * (i / 11) ** moment * tap, 0)).toBeCloseTo(0, 14);
  });
});

describe('resample', () => {
  test('the identity gives the image back', () => {
    for (const image of [noise(8), noise(5, 3), noise(1), noise(32)])
      expect(largest(resample(image, IDENTITY), image.values)).toBeLessThan(1e-6);
  });

  test('a shift by whole pixels is that shift', () => {
    const image = noise(12, 2);
    const map = translate2d(-3, 2);
    expect(largest(resample(image, map), moveOnGrid(image, map))).toBeLessThan(1e-6);
  });

  test('a ramp is moved as the formula says, whatever the map', () => {
    const size = 48;
    const middle = (size - 1) / 2;
    const ramp = (x: number, y: number): number => 0.3 + 0.02 * (x - middle) - 0.05 * (y - middle);
    const values = Float32Array.from({ length: size * size }, (_, i) => ramp(i % size, Math.floor(i / size)));
    const maps: Affine[] = [
      rotate2d(0.7),
      scale2d(1.3, 1.3),
      translate2d(2.25, -0.4),
      compose(translate2d(-1.3, 3.1), compose(rotate2d(-2.2), scale2d(1.4, 0.9))),
    ];
    for (const map of maps) {
      const moved = resample({ values, size, channels: 1 }, map);
      const back = invert(map);
      let inside = 0;
      for (let y = 0; y < size; y++)
        for (let x = 0; x < size; x++) {
          const [dx, dy] = [x - middle, y - middle];
          const from = [back.xx * dx + back.xy * dy + back.tx, back.yx * dx + back.yy * dy + back.ty] as const;
          // Nothing of the mirrored surroundings is felt there.
          if (Math.max(...from.map(Math.abs)) > middle - 14) continue;
          inside++;
          expect(moved[y * size + x]).toBeCloseTo(ramp(from[0] + middle, from[1] + middle), 5);
        }
      expect(inside).toBeGreaterThan(150);
    }
  });

  test('anything is what its definition says: doubled, looked up, halved', () => {
    const image = noise(5, 2);
    for (const map of [rotate2d(0.4), compose(translate2d(4.3, -0.6), scale2d(0.4, 1.7))])
      expect(largest(resample(image, map), byDefinition(image, map))).toBeLessThan(1e-6);
  });

  test('an image is moved as a whole: constants stay, channels do not mix', () => {
    const grey = { values: new Float32Array(100).fill(0.25), size: 10, channels: 1 };
    expect(largest(resample(grey, rotate2d(1)), grey.values)).toBeLessThan(1e-6);
    const [one, two] = [noise(9), noise(9, 2)];
    const both = {
      ...two,
      values: Float32Array.from({ length: 162 }, (_, i) => (i % 2 ? 7 : (one.values[i >> 1] ?? 0))),
    };
    const moved = resample(both, rotate2d(0.3));
    expect(
      largest(
        moved.filter((_, i) => i % 2 === 0),
        resample(one, rotate2d(0.3)),
      ),
    ).toBe(0);
  });

  test('what cannot be moved is refused', () => {
    expect(() => resample({ values: new Float32Array(7), size: 3, channels: 1 }, IDENTITY)).toThrow(
      'resample: expected values of [3, 3, 1], got 7 of them. Pass one square image.',
    );
    expect(() => resample(noise(4), scale2d(0, 1))).toThrow(/expected a map that can be undone/);
  });
});

/** Every sample summed over every other, in the words of the definition. */
function byDefinition({ values, size, channels }: Image, map: Affine): Float32Array {
  const tap = (i: number): number => SYM6[i] ?? 0;
  const back = invert(map);
  const middle = (size - 1) / 2;
  const moved = new Float32Array(values.length);
  const reach = 30;
  const doubled = new Map<string, number>();
  const sample = (kx: number, ky: number, c: number): number => {
    const key = `${kx} ${ky} ${c}`;
    const known = doubled.get(key);
    if (known !== undefined) return known;
    let sum = 0;
    for (let ny = -reach; ny < size + reach; ny++)
      for (let nx = -reach; nx < size + reach; nx++) {
        const weight = tap(kx - 2 * nx) * tap(ky - 2 * ny);
        if (weight !== 0)
          sum += 2 * weight * (values[(reflect(ny, size) * size + reflect(nx, size)) * channels + c] as number);
      }
    doubled.set(key, sum);
    return sum;
  };
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let i = 0; i < 12; i++)
          for (let j = 0; j < 12; j++) {
            const px = (2 * x + i - CENTRE) / 2 - middle;
            const py = (2 * y + j - CENTRE) / 2 - middle;
            const kx = 2 * (back.xx * px + back.xy * py + back.tx + middle) + CENTRE;
            const ky = 2 * (back.yx * px + back.yy * py + back.ty + middle) + CENTRE;
            const [x0, y0] = [Math.floor(kx), Math.floor(ky)];
            for (const dx of [0, 1])
              for (const dy of [0, 1])
                sum +=
                  0.5 *
                  tap(i) *
                  tap(j) *
                  Math.abs(1 - dx - (kx - x0)) *
                  Math.abs(1 - dy - (ky - y0)) *
                  sample(x0 + dx, y0 + dy, c);
          }
        moved[(y * size + x) * channels + c] = sum;
      }
  return moved;
}
