import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openDataset } from '@edm2/dataset';
import { type ConvertOptions, convertDataset, convertImage } from '@edm2/dataset/convert';
import { writeNpy } from '@edm2/tensor-files';
import { goldenPath } from '@edm2/test-support';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'edm2-convert-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let tmp = '';
let count = 0;
beforeEach(() => {
  tmp = join(root, String(count++));
  mkdirSync(tmp);
});
const at = (...names: string[]): string => join(tmp, ...names);
const put = (name: string, data: Uint8Array | string): void => {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), data);
};
/** A picture of its own for each seed, with large shapes and noise. */
function pixels(width: number, height: number, seed: number): Uint8Array {
  let x = seed + 1;
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    const wave = Math.sin((i % (3 * width)) / (5 + seed)) + Math.cos(Math.floor(i / (3 * width)) / (4 + seed));
    return Math.min(255, 100 + 40 * wave + (x >>> 27));
  });
}
const image = (width: number, height: number, seed = 0) =>
  sharp(pixels(width, height, seed), { raw: { width, height, channels: 3 } });
const SMALL: ConvertOptions = { transform: 'center-crop', size: { width: 16, height: 16 } };

/** All that a folder holds, by name. */
const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [
        join(entry.parentPath, entry.name).slice(folder.length + 1),
        readFileSync(join(entry.parentPath, entry.name), 'latin1'),
      ])
      .sort(),
  );

test('a messy folder: what can be used is used, everything else is counted with its reason', async () => {
  put('photos/cat/a.jpg', await image(60, 40, 1).jpeg().toBuffer());
  put('photos/cat/b.png', await image(30, 50, 2).greyscale().toColourspace('b-w').png().toBuffer());
  put('photos/cat/small.png', await image(9, 7, 3).png().toBuffer());
  const whole = await image(64, 64, 4).jpeg().toBuffer();
  put('photos/dog/cut.jpg', whole.subarray(0, whole.length / 2));
  put('photos/dog/d.webp', await image(33, 44, 5).ensureAlpha(0.5).webp().toBuffer());
  put('photos/dog/empty.png', '');
  put('photos/dog/e.gif', await image(20, 20, 6).gif().toBuffer());
  put('photos/dog/f.jp2', '\0\0\0\x0cjP  ');
  put('photos/notes.txt', 'mine');
  const progress: number[] = [];
  const report = await convertDataset(tmp, at('out.zip'), {
    ...SMALL,
    minSide: 10,
    onProgress: ({ done }) => progress.push(done),
  });
  expect(report).toMatchObject({ images: 4, side: 16, channels: 3, classNames: ['cat', 'dog'] });
  expect(report.passedOver.map(({ reason, count, example }) => [reason, count, example])).toEqual([
    ['damaged', 2, 'photos/dog/cut.jpg'],
    ['too-small', 1, 'photos/cat/small.png'],
  ]);
  expect(report.passedOver[0]?.why).toMatch(/cut\.jpg/);
  expect(report.source.passedOver.map(({ extension, count }) => [extension, count])).toEqual([
    ['.jp2', 1],
    ['.txt', 1],
  ]);
  expect(report.conversions.map(({ kind, example }) => [kind, example])).toEqual([
    ['alpha', 'photos/dog/d.webp'],
    ['grey-to-rgb', 'photos/cat/b.png'],
  ]);
  expect(progress.at(-1)).toBe(7);
  const dataset = await openDataset(at('out.zip'));
  // Numbers are those of the source, as in the published tool: what is passed over leaves its own out.
  expect([0, 1, 2, 3].map((i) => [dataset.name(i), dataset.classOf(i)])).toEqual([
    ['00000/img00000000.png', 0],
    ['00000/img00000001.png', 0],
    ['00000/img00000004.png', 1],
    ['00000/img00000005.png', 1],
  ]);
  expect(dataset).toMatchObject({ notes: { classes: ['cat', 'dog'] }, classNames: ['cat', 'dog'] });
  await dataset.close();
});

test('nothing is written by a dry run, and its report is that of the real one', async () => {
  for (const i of [0, 1, 2])
    put(
      `photos/${i}.png`,
      await image(20 + i, 30, i)
        .png()
        .toBuffer(),
    );
  const dry = await convertDataset(at('photos'), undefined, SMALL);
  expect(readdirSync(tmp)).toEqual(['photos']);
  expect(await convertDataset(at('photos'), at('out'), SMALL)).toEqual(dry);
});

test('the result depends neither on the order of the work, nor on an interruption', async () => {
  for (let i = 0; i < 9; i++)
    put(
      `photos/${i}.png`,
      await image(20 + i, 30, i)
        .png()
        .toBuffer(),
    );
  put('photos/8b.png', 'damaged');
  await convertDataset(at('photos'), at('one'), { ...SMALL, concurrency: 1 });
  await convertDataset(at('photos'), at('late'), {
    ...SMALL,
    concurrency: 5,
    convert: async (job) => {
      await new Promise((resolve) => setTimeout(resolve, job.path.endsWith('0.png') ? 30 : 0));
      return convertImage(job);
    },
  });
  const stop = new AbortController();
  const dest = at('stopped');
  const ended = convertDataset(at('photos'), dest, {
    ...SMALL,
    concurrency: 2,
    signal: stop.signal,
    onProgress: ({ done }) => done === 4 && stop.abort(new Error('enough')),
  });
  await expect(ended).rejects.toThrow('enough');
  expect(existsSync(dest)).toBe(false);
  // Other settings do not go on with it.
  await expect(convertDataset(at('photos'), dest, { ...SMALL, channels: 1 })).rejects.toThrow(/begun with/);
  let converted = 0;
  await convertDataset(at('photos'), dest, {
    ...SMALL,
    convert: (job) => convertImage({ ...job, path: `${job.path}${++converted}` }),
  });
  expect(converted).toBeLessThan(8);
  expect(contents(at('one'))).toEqual(contents(at('late')));
  expect(contents(at('one'))).toEqual(contents(dest));
  expect(Object.keys(contents(dest))).toHaveLength(10);
});

test('near duplicates: the same picture smaller, in another format or brighter by little; the first stays', async () => {
  const names = ['a.png', 'b.jpg', 'c.png', 'd.png', 'e.png'];
  const files = [
    image(64, 64, 1).png(),
    image(64, 64, 1).resize(40, 40).jpeg({ quality: 60 }),
    image(64, 64, 2).png(),
    image(64, 64, 1).linear(1, 2).png(),
    image(64, 64, 3).png(),
  ];
  for (const [i, name] of names.entries()) put(`photos/${name}`, await (files[i] as Sharp).toBuffer());
  const report = await convertDataset(at('photos'), at('out'), { ...SMALL, dropDuplicates: true });
  expect(report.passedOver).toMatchObject([
    { reason: 'duplicate', count: 2, example: 'b.jpg', why: 'nearly the same as a.png' },
  ]);
  expect(Object.keys(contents(at('out')))).toEqual([
    '00000/img00000000.png',
    '00000/img00000002.png',
    '00000/img00000004.png',
    'dataset.json',
  ]);
  expect((await convertDataset(at('photos'), at('all'), SMALL)).images).toBe(5);
});

describe('without a size', () => {
  test('images stay as they are', async () => {
    put('a/0.png', await image(16, 16, 0).png().toBuffer());
    const report = await convertDataset(at('a'), at('out'));
    expect(report).toMatchObject({ images: 1, side: 16 });
    const dataset = await openDataset(at('out'));
    expect([...(await dataset.read(0))]).toEqual([...pixels(16, 16, 0)]);
    await dataset.close();
  });
  test.each<[string, [number, number][], string]>([
    ['one that is not square', [[16, 12]], 'not-square'],
    ['no power of two', [[12, 12]], 'not-power-of-two'],
    [
      'another size',
      [
        [16, 16],
        [8, 8],
      ],
      'mixed-size',
    ],
  ])('%s is an error', async (_, sizes, code) => {
    for (const [i, [width, height]] of sizes.entries()) put(`a/${i}.png`, await image(width, height).png().toBuffer());
    await expect(convertDataset(at('a'), at('out'))).rejects.toMatchObject({ code });
    expect(existsSync(at('out'))).toBe(false);
  });
});

describe('sources', () => {
  test('arrays of both orders, of any proportions', async () => {
    const [n, height, width] = [2, 5, 7];
    const last = Uint8Array.from({ length: n * height * width * 3 }, (_, i) => (i * 11) % 256);
    const first = new Uint8Array(last.length);
    for (let i = 0; i < last.length; i++) {
      const [image, pixel, c] = [Math.floor(i / (height * width * 3)), Math.floor(i / 3) % (height * width), i % 3];
      first[(image * 3 + c) * height * width + pixel] = last[i] as number;
    }
    await writeNpy(at('last.npy'), { shape: [n, height, width, 3], data: last });
    await writeNpy(at('first.npy'), { shape: [n, 3, height, width], data: first });
    const size = { width: 4, height: 4 };
    for (const name of ['last', 'first'])
      await convertDataset(at(`${name}.npy`), at(name), { transform: 'center-crop', size });
    expect(contents(at('last'))).toEqual(contents(at('first')));
  });
  test('transparency of arrays, in one file or one each, is laid on a colour as that of PNG is, and said', async () => {
    const [n, side] = [2, 8];
    const rgba = Uint8Array.from({ length: n * side * side * 4 }, (_, i) => (i * 37) % 256);
    const first = new Uint8Array(rgba.length);
    for (let i = 0; i < rgba.length; i++) {
      const [image, pixel, c] = [Math.floor(i / (side * side * 4)), Math.floor(i / 4) % (side * side), i % 4];
      first[(image * 4 + c) * side * side + pixel] = rgba[i] as number;
    }
    await writeNpy(at('last.npy'), { shape: [n, side, side, 4], data: rgba });
    await writeNpy(at('first.npy'), { shape: [n, 4, side, side], data: first });
    mkdirSync(at('each'));
    mkdirSync(at('pngs'));
    for (let i = 0; i < n; i++) {
      const data = rgba.slice(i * side * side * 4, (i + 1) * side * side * 4);
      await writeNpy(at('each', `${i}.npy`), { shape: [side, side, 4], data });
      await sharp(data, { raw: { width: side, height: side, channels: 4 } })
        .png()
        .toFile(at('pngs', `${i}.png`));
    }
    for (const alpha of ['drop', '#1e90ff']) {
      const reports = [];
      for (const source of ['pngs', 'last.npy', 'first.npy', 'each'])
        reports.push(await convertDataset(at(source), at(`${source}-${alpha}`), { alpha }));
      for (const { conversions } of reports)
        expect(conversions).toMatchObject([{ kind: alpha === 'drop' ? 'alpha' : 'flattened', count: 2 }]);
      for (const source of ['last.npy', 'first.npy', 'each'])
        expect(contents(at(`${source}-${alpha}`)), source).toEqual(contents(at(`pngs-${alpha}`)));
    }
  });
  test('a zip of the published tool, made smaller with its labels', async () => {
    cpSync(goldenPath('dataset-tiny-rgb.zip'), at('tiny.zip'));
    const report = await convertDataset(at('tiny.zip'), at('out.zip'), {
      transform: 'center-crop-dhariwal',
      size: { width: 32, height: 32 },
    });
    expect(report).toMatchObject({ images: 5, labelKind: 'class' });
    const dataset = await openDataset(at('out.zip'));
    expect([0, 1, 2, 3, 4].map((i) => dataset.classOf(i))).toEqual([0, 0, 1, 1, 2]);
    await dataset.close();
  });
  test('latents and floats are refused in words', async () => {
    await expect(convertDataset(goldenPath('dataset-tiny-sd.zip'), at('out'), SMALL)).rejects.toThrow(
      /at least one image that can be used, got none .*floats with 8 channels/,
    );
  });
});

test.each<[string, object, RegExp]>([
  ['a transform without a size', { transform: 'center-crop' }, /expected size to be given/],
  ['a side that is no power of two', { size: { width: 48, height: 48 } }, /a power of two wide/],
  ['a rectangle', { size: { width: 32, height: 16 } }, /expected size to be square/],
  ['a transform that there is not', { transform: 'crop' }, /expected transform to be none, center-crop/],
  ['a colour that is none', { alpha: 'pink' }, /expected drop, white, black or #rrggbb/],
  ['no images', { maxImages: 0 }, /expected maxImages to be a whole number of at least 1/],
  ['an option that there is not', { sise: 3 }, /sise/],
])('%s is an error before anything is read', async (_, options, message) => {
  await expect(convertDataset(at('nowhere'), at('out'), options)).rejects.toThrow(message);
});

test('a strip that would grow beyond all bounds is passed over', async () => {
  put(
    'a/strip.png',
    await sharp({ create: { width: 60_000, height: 1, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  );
  put('a/whole.png', await image(20, 20).png().toBuffer());
  const size = { width: 128, height: 128 };
  const report = await convertDataset(at('a'), undefined, { transform: 'center-crop-dhariwal', size });
  expect(report.passedOver).toMatchObject([
    { reason: 'too-large', why: expect.stringMatching(/60000×1, too elongated/) },
  ]);
});
