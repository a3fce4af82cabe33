import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { maxAbsoluteError, nchwToNhwc, readGolden } from '@edm2/test-support';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { formulaImage } from '../../formula.fixture.js';
import { decodeRgb } from './decode.js';
import { ImageError } from './image-error.js';
import { bicubicTaps, bilinearTaps, resizeFloat } from './prepare.js';
import { openImages } from './source.js';

const small = { height: 64, width: 48, data: Uint8Array.from(formulaImage(64, 48, 0)) };
const full = { height: 299, width: 299, data: Uint8Array.from(formulaImage(299, 299, 0)) };
const raw = (data: Uint8Array, width: number, height: number, channels: 1 | 2 | 3 | 4) =>
  sharp(data, { raw: { width, height, channels } });

describe('resizing to a network’s size', () => {
  // The references compute coordinates in float32: up to 5e-3 of 255 on these images, 1e-3 for TensorFlow's.
  it.each([
    ['inception', 'small.resize.tf1', small, 299, bilinearTaps('tf1'), 1e-3],
    ['inception', 'small.resize.torch', small, 299, bilinearTaps('torch'), 1e-2],
    ['dinov2', 'small.resize.torch', small, 224, bicubicTaps, 1e-2],
    ['dinov2', 'full.resize.torch', full, 224, bicubicTaps, 1e-2],
  ] as const)('%s, %s', (file, name, image, size, taps, bound) => {
    const stored = nchwToNhwc(readGolden(file).get(name)); // the first rows
    const resized = resizeFloat(image, size, taps);
    expect(resized).toHaveLength(size * size * 3);
    expect(maxAbsoluteError(resized.subarray(0, stored.data.length), stored.data)).toBeLessThan(bound);
  });

  it('leaves an image of the right size alone', () => {
    expect(resizeFloat(full, 299, bilinearTaps('tf1'))).toEqual(Float32Array.from(full.data));
  });
});

describe('decodeRgb', () => {
  it('gives the pixels of RGB, grey, palette and transparent PNGs, transparency dropped', async () => {
    const png = await raw(small.data, 48, 64, 3).png().toBuffer();
    expect(await decodeRgb(png, 'a.png')).toEqual({ ...small, data: Buffer.from(small.data) });

    const grey = Uint8Array.of(0, 100, 200, 255);
    const decodedGrey = await decodeRgb(await raw(grey, 2, 2, 1).toColourspace('b-w').png().toBuffer(), 'g.png');
    expect([...decodedGrey.data]).toEqual([0, 0, 0, 100, 100, 100, 200, 200, 200, 255, 255, 255]);

    const four = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9);
    const palette = await raw(four, 2, 2, 3).png({ palette: true }).toBuffer();
    expect([...(await decodeRgb(palette, 'p.png')).data]).toEqual([...four]);

    const rgba = Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 128);
    const alpha = await raw(rgba, 2, 1, 4).png().toBuffer();
    expect([...(await decodeRgb(alpha, 't.png')).data]).toEqual([10, 20, 30, 40, 50, 60]);
  });

  it('refuses 16-bit and CMYK images, says corrupt of damaged ones', async () => {
    const png = await raw(small.data, 48, 64, 3).png().toBuffer();
    const wide = await sharp(png).toColourspace('rgb16').png().toBuffer();
    await expect(decodeRgb(wide, 'w.png')).rejects.toMatchObject({ code: 'refused', file: 'w.png' });
    const cmyk = await sharp(png).toColourspace('cmyk').jpeg().toBuffer();
    await expect(decodeRgb(cmyk, 'c.jpg')).rejects.toThrow(/got uchar cmyk .*c\.jpg/);
    for (const bad of [png.subarray(0, png.length - 500), Buffer.from('no image'), Buffer.alloc(0)]) {
      const error = await decodeRgb(bad, 'x.png').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ImageError);
      expect(error).toMatchObject({ code: 'corrupt', message: expect.stringContaining('x.png') });
    }
  });
});

it('a JPEG with stray bytes between its parts is taken where that is asked for, a cut one never', async () => {
  const jpeg = await raw(small.data, 48, 64, 3).jpeg().toBuffer();
  // Behind the first segment, before the next marker.
  const end = 4 + jpeg.readUInt16BE(4);
  const stray = Buffer.concat([jpeg.subarray(0, end), Buffer.from([1, 2, 3]), jpeg.subarray(end)]);
  await expect(decodeRgb(stray, 's.jpg')).rejects.toThrow(/decodes with a warning in s\.jpg\. .*--accept-warnings/);
  const { data } = await decodeRgb(stray, 's.jpg', { acceptWarnings: true });
  expect(data).toEqual((await decodeRgb(jpeg, 'j.jpg')).data);
  const cut = jpeg.subarray(0, jpeg.length - 200);
  for (const acceptWarnings of [true, false])
    await expect(decodeRgb(cut, 'c.jpg', { acceptWarnings })).rejects.toThrow(/intact image, got .*c\.jpg/);
  const pointer = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n');
  await expect(decodeRgb(pointer, 'p.png')).rejects.toThrow(/got a Git LFS pointer in p\.png\. .*git lfs pull/);
});

describe('openImages', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edm2-images-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('refuses places without images, and kinds that would be passed over', async () => {
    await expect(openImages(folder)).rejects.toThrow(/expected images in .* got none/);
    await writeFile(join(folder, 'a.json'), '{}');
    await expect(openImages(join(folder, 'a.json'))).rejects.toThrow(/a folder, a \.zip or a \.npz/);
    await writeFile(join(folder, 'b.bmp'), 'BM');
    await expect(openImages(folder)).rejects.toThrow(/PNG, JPEG, WebP, GIF, TIFF or AVIF, got .*b\.bmp/);
    for (const name of ['c.jp2', 'c.heic', 'c.npy']) {
      await rm(join(folder, 'b.bmp'), { force: true });
      await writeFile(join(folder, name), '');
      await expect(openImages(folder)).rejects.toThrow(new RegExp(`got .*${name}`));
      await rm(join(folder, name));
    }
    await expect(openImages(join(folder, 'nowhere'))).rejects.toThrow(/got nothing/);
  });

  it('reads zips, without what macOS packs beside files, and names what is wrong with one', async () => {
    const path = join(folder, 'set.zip');
    const zip = new ZipFile();
    for (const name of ['b.png', 'a.png', '__MACOSX/._a.png', 'readme.txt'])
      zip.addBuffer(Buffer.from(`content of ${name}`), name, { compress: false });
    zip.end();
    const bytes = await buffer(zip.outputStream);
    await writeFile(path, bytes);
    const source = await openImages(path);
    expect(source.names).toEqual(['a.png', 'b.png']);
    expect(Buffer.from(await source.read('a.png')).toString()).toBe('content of a.png');
    await source.close();

    bytes[bytes.indexOf('content of b')] = 0;
    await writeFile(path, bytes);
    const damaged = await openImages(path);
    await expect(damaged.read('b.png')).rejects.toMatchObject({ code: 'corrupt', file: `${path}/b.png` });
    await damaged.close();
    await writeFile(path, bytes.subarray(0, -1));
    await expect(openImages(path)).rejects.toThrow(/an intact zip, got no end record.* Copy or write the zip again/);
    await writeFile(path, 'version https://git-lfs.github.com/spec/v1\nsize 5\n');
    await expect(openImages(path)).rejects.toThrow(/expected a zip, got a Git LFS pointer .*git lfs pull/);
  });
});
