import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { goldenPath, readGolden } from '@edm2/test-support';
import { describe, expect, test } from 'vitest';
import { FILTERS, type FilterName } from './filters.js';
import type { Picture } from './picture.js';
import { resize } from './resize.js';
import { TRANSFORMS, type TransformName } from './transforms.js';

type Case = [FilterName, number, number, 1 | 3, number, 0 | 1, number, number, string];
const { cases } = JSON.parse(readFileSync(goldenPath('pillow-resize.json'), 'utf8')) as { cases: Case[] };

/** The upper bytes of `x ← 1664525·x + 1013904223 mod 2³²`; with hard edges only 0 and 255. */
function noise(length: number, seed: number, hard: boolean): Uint8Array {
  let x = seed;
  return Uint8Array.from({ length }, () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    const byte = x >>> 24;
    return hard ? (byte > 127 ? 255 : 0) : byte;
  });
}

describe('resize gives the bytes of Pillow', () => {
  test.each(Object.keys(FILTERS) as FilterName[])('%s', (filter) => {
    const own = cases.filter(([name]) => name === filter);
    expect(own.length).toBe(24);
    for (const [, width, height, channels, seed, hard, w, h, sha256] of own) {
      const data = noise(width * height * channels, seed, hard === 1);
      const result = resize({ width, height, channels, data }, w, h, filter);
      const hash = createHash('sha256').update(result.data).digest('hex').slice(0, 16);
      expect(hash, `${width}×${height}×${channels} to ${w}×${h}`).toBe(sha256);
    }
  });

  test('and refuses what is no size', () => {
    const picture: Picture = { width: 2, height: 2, channels: 1, data: new Uint8Array(4) };
    expect(resize(picture, 2, 2, 'lanczos')).toBe(picture);
    for (const side of [0, 1.5, Number.NaN])
      expect(() => resize(picture, 2, side, 'box')).toThrow(/expected height to be a whole number of at least 1, got/);
  });
});

describe('transforms give the pixels of the published tool', () => {
  const golden = readGolden('dataset-tiny');
  /** `[C, H, W]` → a picture. */
  const picture = (key: string): Picture => {
    const { shape, data } = golden.get(key);
    const [, height = 0, width = 0] = shape;
    const size = height * width;
    return {
      width,
      height,
      channels: 3,
      data: Uint8Array.from(data, (_, i) => data[(i % 3) * size + Math.floor(i / 3)] as number),
    };
  };
  test.each<[string, TransformName, number, number]>([
    ['rgb', 'center-crop-dhariwal', 64, 64],
    ['dhariwal32', 'center-crop-dhariwal', 32, 32],
    ['crop', 'center-crop', 32, 32],
    ['wide', 'center-crop-wide', 64, 32],
    ['scale', 'none', 32, 16],
  ])('%s', (key, transform, width, height) => {
    for (let i = 0; i < 5; i++) {
      const result = TRANSFORMS[transform](picture(`source.${i}`), { width, height });
      expect(result, `${key}.${i}`).toEqual(picture(`${key}.${i}`));
    }
  });

  test('center-crop-wide leaves out what is too small', () => {
    const flat = (width: number, height: number): Picture => ({
      width,
      height,
      channels: 1,
      data: new Uint8Array(width * height),
    });
    const wide = TRANSFORMS['center-crop-wide'];
    expect(wide(flat(63, 64), { width: 64, height: 32 })).toBeUndefined();
    expect(wide(flat(128, 63), { width: 64, height: 32 })).toMatchObject({ width: 64, height: 64 });
    expect(wide(flat(128, 60), { width: 64, height: 32 })).toBeUndefined();
  });
});
