import { readFileSync } from 'node:fs';
import { goldenPath } from '@edm2/test-support';
import { describe, expect, test } from 'vitest';
import { DatasetError } from '../errors.js';
import { spellingOf } from '../spelling.js';
import { conversionsOf } from './conversions.js';
import { decodeImage } from './decode-image.js';
import { rgbToGrey } from './grey.js';

/** Images of 8×8 and 9×9 in base64, and what Pillow's `convert('RGB')` makes of them; `by`: where it differs, by what rule. */
const golden = JSON.parse(readFileSync(goldenPath('odd-images.json'), 'utf8')) as {
  decoded: { name: string; mode: string; file: string; rgb: string; by?: string }[];
  refused: { name: string; file: string }[];
};
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
const decode = (file: string, channels: 1 | 3 | undefined, acceptWarnings = false) =>
  decodeImage(bytesOf(file), 'odd', { channels, acceptWarnings, spelling: spellingOf(undefined) });

describe('as Pillow decodes', () => {
  test.each(golden.decoded)('$name (mode $mode)', async ({ name, file, rgb }) => {
    const expected = bytesOf(rgb);
    const { data } = await decode(file, 3);
    // The two AVIF decoders round the conversion from YCbCr differently.
    const tolerance = name.endsWith('.avif') ? 1 : 0;
    expect(data).toHaveLength(expected.length);
    expect(data.filter((value, i) => Math.abs(value - (expected[i] ?? 0)) > tolerance)).toHaveLength(0);
  });

  test('as stored: grey stays grey, and becomes RGB by copies; RGB becomes grey as Pillow weighs it', async () => {
    for (const { name, mode, file, rgb } of golden.decoded) {
      const expected = bytesOf(rgb);
      const { channels, data } = await decode(file, undefined);
      // Grey of 16 bits with alpha is RGBA to Pillow.
      const grey = /^(1|L|LA|I;16B?|I)$/.test(mode) || name === 'la16.png';
      // Pillow takes GIFs of greys for grey; libvips gives RGB of every GIF and AVIF.
      if (!/\.(gif|avif)$/.test(name)) expect([name, channels]).toEqual([name, grey ? 1 : 3]);
      if (name.endsWith('.avif')) continue;
      const one = await decode(file, 1);
      expect(one.channels, name).toBe(1);
      expect(Buffer.from(one.data as Uint8Array).equals(Buffer.from(rgbToGrey(expected))), name).toBe(true);
      if (channels === 1)
        expect(Buffer.from(data as Uint8Array).equals(Buffer.from(one.data as Uint8Array))).toBe(true);
    }
  });

  test.each([
    ['RGB.png', []],
    ['L.png', ['grey-to-rgb']],
    ['RGBA.png', ['alpha']],
    ['Pt.png', ['alpha']],
    ['RGBt.png', ['alpha']],
    ['LA.tif', ['alpha', 'grey-to-rgb']],
    ['RGBA.webp', ['alpha']],
    ['Pt.gif', ['alpha']],
    ['b32v4.bmp', ['alpha']],
    ['rgba16.png', ['alpha', '16-bit']],
    ['I16.tif', ['grey-to-rgb', '16-bit']],
    ['max10.ppm', ['max-value']],
    ['CMYK.jpg', ['cmyk']],
    ['YCCK.jpg', ['cmyk']],
    ['anim.gif', ['first-frame']],
    ['anim.webp', ['first-frame']],
    ['apng.png', ['first-frame']],
    ['pages.tif', ['first-frame']],
    ['pages-mixed.tif', ['first-frame']],
    ['turned.jpg', ['orientation']],
    ['turned.png', ['orientation']],
    ['turned.webp', ['orientation']],
    ['turned-6.tif', []],
    ['warns-extra.jpg', ['warning']],
    ['warns-sos.jpg', ['warning']],
  ])('%s: %j is noted', async (name, kinds) => {
    const entry = golden.decoded.find((each) => each.name === name);
    expect(conversionsOf((await decode(entry?.file ?? '', 3)).conversions)).toEqual(kinds);
  });
});

describe('refused by name', () => {
  test.each([
    ['F.ppm', 'unsupported', /a PFM image of floats/],
    ['F.tif', 'unsupported', /a TIFF of floats of 32 bits/],
    ['I32.tif', 'unsupported', /a TIFF of signed numbers of 32 bits/],
    ['LAB.tif', 'unsupported', /a TIFF of LAB colours/],
    ['YCbCr.tif', 'unsupported', /YCbCr values without JPEG compression/],
    ['Ts8.tif', 'unsupported', /signed numbers of 8 bits/],
    ['Ts16.tif', 'unsupported', /signed numbers of 16 bits/],
    ['Tg12.tif', 'unsupported', /12 bits a value/],
    ['Trgb12.tif', 'unsupported', /12, 12, 12 bits/],
    ['Tg32.tif', 'unsupported', /32 bits a value/],
    ['Tf16.tif', 'unsupported', /floats of 16 bits/],
    ['Tf32.tif', 'unsupported', /floats of 32 bits/],
    ['Tf64.tif', 'unsupported', /floats of 64 bits/],
    ['Tcomplex.tif', 'unsupported', /complex numbers/],
    ['Tycc22.tif', 'unsupported', /YCbCr/],
    ['Tmask.tif', 'unsupported', /a mask/],
    ['Tcfa.tif', 'unsupported', /raw values of a camera/],
    ['Tcmyk16.tif', 'unsupported', /16, 16, 16, 16 bits/],
    ['warns-eoi.jpg', 'corrupt-image', /an intact JPEG, got a file that is cut short/],
    ['dark.png', 'corrupt-image', /16-bit values of at most \d{4}, a black picture/],
    ['dark.tif', 'corrupt-image', /16-bit values of at most \d{4}, a black picture/],
    ['dark.pgm', 'corrupt-image', /16-bit values of at most \d{4}, a black picture/],
    ['T_premultiplied16.tif', 'unsupported', /16 bits a value multiplied by transparency/],
    ['trunc.bmp', 'corrupt-image', /an intact BMP, got the end of the file at byte 206 of 246/],
    ['trunchead.bmp', 'corrupt-image', /within the header/],
    ['brletrunc.bmp', 'corrupt-image', /within the pixels/],
  ])('%s', async (name, code, message) => {
    const file = golden.refused.find((each) => each.name === name)?.file ?? '';
    const error = await decode(file, undefined).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DatasetError);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(message);
    // The option for warnings is for images whose values are there, and opens no other way around.
    if (name.startsWith('dark')) await decode(file, undefined, true);
    else await expect(decode(file, undefined, true)).rejects.toThrow(DatasetError);
  });

  test('every file of the list', () => {
    expect(golden.refused).toHaveLength(26);
  });
});

test('whatever bytes become, the error is a DatasetError', async () => {
  const wrong: unknown[] = [];
  let seed = 7;
  // A generator of Lehmer's: the same damage each time.
  const next = (bound: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % bound;
  };
  for (const { name, file } of [...golden.decoded, ...golden.refused]) {
    for (let round = 0; round < 8; round++) {
      const bytes = bytesOf(file);
      for (let i = next(4); i >= 0; i--) bytes[next(round < 6 ? 64 : bytes.length) % bytes.length] = next(256);
      const part = round % 2 ? bytes : bytes.subarray(0, next(bytes.length));
      await decodeImage(part, name, { channels: 3, acceptWarnings: round > 4, spelling: spellingOf(undefined) }).catch(
        (error: unknown) => {
          if (!(error instanceof DatasetError)) wrong.push([name, error]);
        },
      );
    }
  }
  expect(wrong).toEqual([]);
});
