import { readFileSync } from 'node:fs';
import { goldenPath } from '@edm2/test-support';
import { describe, expect, test } from 'vitest';
import { conversionsOf } from '../decode/conversions.js';
import { type ReadSettings, readSourceImage } from './source-image.js';

/** Files of 7×5 pixels in base64, and the pixels that Pillow makes of them. */
const golden = JSON.parse(readFileSync(goldenPath('photo-files.json'), 'utf8')) as {
  alpha: { name: string; file: string; white: string; '#1e90ff': string }[];
  opaque: { name: string; file: string; rgb: string }[];
  orientation: { name: string; file: string; width: number; height: number; rgb: string }[];
  profile: { name: string; file: string; rgb: string }[];
};
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const PLAIN: ReadSettings = { channels: 3, alpha: 'drop', upright: true, toSrgb: false, acceptWarnings: false };
const read = (file: string, settings: Partial<ReadSettings> = {}) =>
  readSourceImage(bytesOf(file), 'photo', { ...PLAIN, ...settings });

describe('as Pillow has it', () => {
  test.each(golden.alpha)('transparency laid on a colour: $name', async ({ name, file, ...expected }) => {
    for (const alpha of ['white', '#1e90ff'] as const) {
      const { picture, conversions } = await read(file, { alpha });
      expect([...picture.data], alpha).toEqual([...bytesOf(expected[alpha])]);
      expect(conversionsOf(conversions)).toContain('flattened');
      expect(conversionsOf(conversions)).not.toContain('alpha');
    }
    const dropped = await read(file);
    expect(conversionsOf(dropped.conversions), name).toContain('alpha');
  });

  test.each(golden.opaque)(
    'a fourth byte that no header calls transparency means nothing: $name',
    async ({ file, rgb }) => {
      for (const alpha of ['white', 'drop']) {
        const { picture, conversions } = await read(file, { alpha });
        expect([...picture.data]).toEqual([...bytesOf(rgb)]);
        expect(conversionsOf(conversions)).toEqual([]);
      }
    },
  );

  test.each(golden.orientation)('the orientation tag: $name', async ({ name, file, width, height, rgb }) => {
    const { picture, conversions } = await read(file);
    expect(picture).toMatchObject({ width, height });
    expect([...picture.data]).toEqual([...bytesOf(rgb)]);
    expect(conversionsOf(conversions)).toEqual(name === '1.jpg' ? [] : ['turned']);
    const stored = await read(file, { upright: false });
    expect(stored.picture).toMatchObject({ width: 7, height: 5 });
  });

  test.each(golden.profile)('a colour profile, within rounding: $name', async ({ file, rgb }) => {
    const expected = bytesOf(rgb);
    const { picture, conversions } = await read(file, { toSrgb: true });
    const apart = Math.max(...picture.data.map((value, i) => Math.abs(value - (expected[i] as number))));
    expect(apart).toBeLessThanOrEqual(1);
    expect(conversionsOf(conversions)).toContain('profile');
    // Without being asked, profiles are left alone: dozens of levels away.
    const plain = await read(file);
    expect(
      Math.max(...plain.picture.data.map((value, i) => Math.abs(value - (expected[i] as number)))),
    ).toBeGreaterThan(20);
  });
});
