import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { checkImages } from './check-images.js';
import type { ImageSource } from './image-source.js';

const TOTAL = 2000;
const intact = await sharp(new Uint8Array(12), { raw: { width: 2, height: 2, channels: 3 } })
  .png()
  .toBuffer();
const wide = await sharp(new Uint8Array(12), { raw: { width: 2, height: 2, channels: 3 } })
  .toColourspace('rgb16')
  .png()
  .toBuffer();

/** 2,000 images, intact but for the ones given. */
const sourceWith = (odd: Readonly<Record<number, Buffer>>): ImageSource => ({
  names: Array.from({ length: TOTAL }, (_, i) => `${i}.png`),
  pathOf: (name) => `set/${name}`,
  read: async (name) => odd[Number.parseInt(name, 10)] ?? intact,
  close: async () => {},
});
const broken = Buffer.from('no image');

describe('checkImages', () => {
  it('passes intact images, and says how far it is', async () => {
    const seen: number[] = [];
    await checkImages('set', sourceWith({}), { onProgress: ({ done }) => seen.push(done) });
    expect(seen.at(-1)).toBe(TOTAL);
  });

  it('one broken among 2,000 is named, unless it will be left out', async () => {
    const source = sourceWith({ 1234: broken });
    const error = await checkImages('set', source).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'corrupt', file: 'set/1234.png' });
    expect(String(error)).toMatch(
      /expected 2,000 usable images in set, got 1 .*:\n {2}decodeRgb: .* in set\/1234\.png/,
    );
    await checkImages('set', source, { skipCorrupt: true });
  });

  it('many are counted, ten named', async () => {
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [i * 70, broken]));
    const error = String(await checkImages('set', sourceWith(many)).catch((reason: unknown) => reason));
    expect(error).toContain('got 25 that cannot be used');
    expect(error.match(/decodeRgb/g)).toHaveLength(10);
    expect(error).toContain('and 15 more');
  });

  it('kinds that are not read cannot be skipped', async () => {
    await expect(checkImages('set', sourceWith({ 7: wide }), { skipCorrupt: true })).rejects.toThrow(
      /7\.png.*\n.*Convert or remove them/,
    );
  });

  it('stops when told to', async () => {
    await expect(checkImages('set', sourceWith({}), { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow(
      'stop',
    );
  });
});
