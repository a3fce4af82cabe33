import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { goldenPath } from '@edm2/test-support';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { crc32 } from '../crc32.js';
import { checkPng, type PngHeader } from './check-png.js';
import { decodePlainPng } from './plain-png.js';

const plain = (bytes: Uint8Array) => decodePlainPng(bytes, checkPng(bytes) as PngHeader, 4096);
const noise = (length: number): Uint8Array => {
  let x = length;
  return Uint8Array.from({ length }, (_, i) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return (i % 97) + (x >>> 26);
  });
};

/** A PNG of two columns whose rows have these filters. */
function withFilters(filters: readonly number[], extra = 0, cut = 0): Uint8Array {
  const raw = noise(7 * filters.length + extra);
  for (const [y, filter] of filters.entries()) raw[7 * y] = filter;
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, crc]);
  };
  const header = Uint8Array.of(0, 0, 0, 2, 0, 0, 0, filters.length, 8, 2, 0, 0, 0);
  const data = deflateSync(raw);
  const parts = [data.subarray(0, 5), data.subarray(5, data.length - cut)];
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    ...parts.map((part) => chunk('IDAT', part)),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

describe('gives the pixels of libvips', () => {
  test.each([
    [1, 5, 1],
    [17, 9, 1],
    [17, 9, 3],
    [33, 40, 3],
  ] as const)('%i×%i×%i, with and without filters', async (width, height, channels) => {
    const image = sharp(noise(width * height * channels), { raw: { width, height, channels } }).toColourspace(
      channels === 1 ? 'b-w' : 'srgb',
    );
    for (const adaptiveFiltering of [false, true])
      for (const compressionLevel of [0, 9]) {
        const bytes = await image.clone().png({ adaptiveFiltering, compressionLevel, palette: false }).toBuffer();
        const found = plain(bytes);
        const expected = await sharp(bytes)
          .toColourspace(channels === 1 ? 'b-w' : 'srgb')
          .raw()
          .toBuffer();
        expect(found).toMatchObject({ width, height, channels, conversions: 0 });
        expect(Buffer.from(found?.data ?? []).equals(expected)).toBe(true);
      }
  });
  test('each filter, first and later rows, several chunks of data', async () => {
    for (const first of [0, 1, 2, 3, 4]) {
      const bytes = withFilters([first, 4, 3, 2, 1, 0, first, 4]);
      expect(Buffer.from(plain(bytes)?.data ?? []).equals(await sharp(bytes).raw().toBuffer())).toBe(true);
    }
  });
});

describe('leaves to libvips', () => {
  test.each<[string, Uint8Array]>([
    ['a filter that there is not', withFilters([0, 5])],
    ['data that go on', withFilters([0, 1], 7)],
    ['data that are cut short', withFilters([0, 1], 0, 3)],
  ])('%s', (_, bytes) => {
    expect(plain(bytes)).toBeUndefined();
  });
  test('all other kinds', () => {
    const { decoded } = JSON.parse(readFileSync(goldenPath('odd-images.json'), 'utf8')) as {
      decoded: { name: string; mode: string; file: string }[];
    };
    for (const { name, mode, file } of decoded.filter((each) => each.name.endsWith('.png'))) {
      const found = plain(Uint8Array.from(Buffer.from(file, 'base64')));
      if (!/^(L|RGB)$/.test(mode)) expect(found, name).toBeUndefined();
    }
  });
});
