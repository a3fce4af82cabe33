import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describeDataset, type OpenDatasetOptions, openDataset, verifyDataset } from '@edm2/dataset';
import { type NpyInput, writeNpy } from '@edm2/tensor-files';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import yazl from 'yazl';
import { type StackAxes, stackAxes, stackImage } from './stack-axes.js';

let tmp = '';
beforeEach(() => {
  tmp = mkdtempSync(join(tmpdir(), 'edm2-dataset-arrays-'));
});
afterEach(() => rmSync(tmp, { recursive: true, force: true }));

/** Bytes 0, 1, 2, … */
const bytes = (...shape: number[]): NpyInput => ({
  shape,
  data: Uint8Array.from({ length: shape.reduce((product, side) => product * side, 1) }, (_, i) => i & 255),
});
const classes = (...values: number[]): NpyInput => ({
  shape: [values.length],
  data: BigInt64Array.from(values.map(BigInt)),
});
const floats = (...shape: number[]): NpyInput => ({ shape, data: new Float32Array(bytes(...shape).data.length) });

const npy = async (name: string, array: NpyInput): Promise<string> => {
  const path = join(tmp, name);
  mkdirSync(dirname(path), { recursive: true });
  await writeNpy(path, array);
  return path;
};
const npz = async (name: string, arrays: Record<string, NpyInput>, compress = false): Promise<string> => {
  const zip = new yazl.ZipFile();
  for (const [key, array] of Object.entries(arrays))
    zip.addBuffer(readFileSync(await npy('part.tmp', array)), `${key}.npy`, { compress });
  rmSync(join(tmp, 'part.tmp'));
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  const path = join(tmp, name);
  writeFileSync(path, Buffer.concat(chunks));
  return path;
};
async function look(path: string, options?: OpenDatasetOptions) {
  const dataset = await openDataset(path, options);
  try {
    await verifyDataset(dataset);
    const pixels = await dataset.read(dataset.length - 1);
    const found = Array.from({ length: dataset.length }, (_, i) => dataset.classOf(i));
    return { dataset, pixels: [...pixels], classes: found, name: dataset.name(0), ...describeDataset(dataset) };
  } finally {
    await dataset.close();
  }
}
const errorOf = (path: string, options?: OpenDatasetOptions) =>
  look(path, options).then(
    () => {
      throw new Error('no error');
    },
    (error: unknown) => error as Error & { code: string },
  );

describe('axes', () => {
  const cases: [number[], Partial<StackAxes> | RegExp][] = [
    [[50, 32, 32, 3], { count: 50, channels: 3, channelsFirst: false }],
    [[50, 3, 32, 32], { count: 50, channels: 3, channelsFirst: true }],
    [[50, 1, 28, 28], { channels: 1, channelsFirst: true }],
    [[50, 28, 28, 1], { channels: 1, channelsFirst: false }],
    [[50, 4, 16, 16], { channels: 4, channelsFirst: true }],
    [[50, 28, 28], { count: 50, channels: 1, height: 28 }],
    [[1, 28, 28], { count: 1, channels: 1 }],
    [[50, 4, 4, 3], { channels: 3, channelsFirst: false }],
    [[50, 3, 4, 4], { channels: 3, channelsFirst: true }],
    [[50, 4, 4, 4], /first or last/],
    [[50, 3, 32, 3], /first or last/],
    [[3, 28, 28], /3 grey images or one of 3 channels/],
    [[50, 32, 32, 2], /without an axis of 1, 3 or 4/],
    [[50, 32], /2 axes/],
    [[2, 2, 32, 32, 3], /5 axes/],
  ];
  test.each(cases)('%j', (shape, expected) => {
    const axes = stackAxes(shape);
    if (expected instanceof RegExp) expect(axes).toMatch(expected);
    else expect(axes).toMatchObject(expected);
  });

  it('an image is the same whichever way its axes run', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 3, 4), fc.integer({ min: 5, max: 9 }), (channels, side) => {
        const last = Uint8Array.from({ length: side * side * channels }, (_, i) => (i * 37) & 255);
        const first = last.map((_, i) => last[(i % (side * side)) * channels + Math.floor(i / (side * side))] ?? 0);
        const read = (values: Uint8Array, shape: number[]) => stackImage(values, stackAxes(shape) as StackAxes);
        const image = read(last, [7, side, side, channels]);
        expect(image).toEqual(read(first, [7, channels, side, side]));
        expect(image).toHaveLength(side * side * Math.min(channels, 3));
      }),
    );
  });
});

describe('npz', () => {
  it.each([false, true])('arr_0 and arr_1, as samples of other models are stored (deflated: %s)', async (compress) => {
    const path = await npz('samples.npz', { arr_0: bytes(3, 4, 4, 3), arr_1: classes(2, 0, 1) }, compress);
    const { dataset, pixels, classes: found, name, labels, images, leftOut } = await look(path);
    expect([dataset.kind, dataset.length, dataset.labelDim, name]).toEqual(['array', 3, 3, 'arr_0#0']);
    expect(pixels).toEqual(Array.from({ length: 48 }, (_, i) => 96 + i));
    expect(found).toEqual([2, 0, 1]);
    expect([images, labels, leftOut]).toEqual(['3 images of 4×4, RGB, in an array', '3 classes from arr_1', 'nothing']);
    expect((await look(path, { labels: false })).labels).toBe('none: left out as asked');
  });

  it('channels first; labels in a column; the other split is left out, and can be chosen', async () => {
    const path = await npz('cifar.npz', {
      x_train: bytes(2, 3, 4, 4),
      y_train: { shape: [2, 1], data: Uint8Array.of(1, 0) },
      x_test: bytes(1, 3, 4, 4),
      y_test: { shape: [1, 1], data: Uint8Array.of(5) },
    });
    const train = await look(path);
    expect(train.pixels.slice(0, 6)).toEqual([48, 64, 80, 49, 65, 81]);
    expect(train.classes).toEqual([1, 0]);
    expect(train.leftOut).toBe('2 files: 1 .npy (x_test: uint8 [1, 3, 4, 4]), 1 .npy (y_test: uint8 [1, 1])');
    for (const test of [await look(path, { split: 'test' }), await look(`${path}/x_test`)]) {
      expect(test.classes).toEqual([5]);
      expect(test.name).toBe('x_test#0');
    }
  });

  it('three splits; 28×28 is padded, and that is said', async () => {
    const arrays: Record<string, NpyInput> = {};
    for (const split of ['train', 'val', 'test']) {
      arrays[`${split}_images`] = bytes(2, 28, 28);
      arrays[`${split}_labels`] = { shape: [2, 1], data: Uint8Array.of(0, 1) };
    }
    const { images, labels, pixels } = await look(await npz('medical.npz', arrays));
    expect(images).toBe('2 images of 32×32, grey, in an array; 28×28 centred on black');
    expect(labels).toBe('2 classes from train_labels');
    expect([pixels[0], pixels[2 * 32 + 2], pixels[2 * 32 + 3]]).toEqual([0, 784 & 255, 785 & 255]);
  });

  it('RGBA loses its fourth channel; halving averages each channel', async () => {
    const path = await npz('rgba.npz', { images: bytes(1, 8, 8, 4) });
    const { images, pixels } = await look(path, { resolution: 4 });
    expect(images).toBe(
      '1 image of 4×4, RGB, in an array; the fourth channel (transparency) dropped; averaged from 8×8 to 4×4',
    );
    // Pixels 0, 1, 8 and 9, four values each.
    expect(pixels.slice(0, 3)).toEqual([0, 1, 2].map((c) => Math.floor((c + (4 + c) + (32 + c) + (36 + c) + 2) / 4)));
    expect((await errorOf(path, { resolution: 6 })).message).toMatch(/power of two/);
  });

  it('several arrays of images, or of labels: listed', async () => {
    const several = await npz('several.npz', { a: bytes(2, 4, 4, 3), b: bytes(2, 4, 4, 3) });
    expect(await errorOf(several, { flags: { path: '--data' } })).toMatchObject({
      code: 'ambiguous',
      message: expect.stringContaining(`Choose one: --data ${several}/a, or --data ${several}/b.`),
    });
    expect((await look(`${several}/b`)).name).toBe('b#0');
    expect((await errorOf(`${several}/c`)).message).toMatch(/expected an array named c, got a uint8 \[2, 4, 4, 3\], b/);
    const labels = { coarse_labels: classes(0, 1), fine_labels: classes(3, 4) };
    const fine = await npz('fine.npz', { images: bytes(2, 4, 4, 3), ...labels });
    expect((await errorOf(fine)).message).toMatch(
      /one array of labels, got coarse_labels and fine_labels .*labels: false/,
    );
    expect((await look(fine, { labels: false })).labels).toMatch(/^none/);
  });

  it('without images it says what there is, and never reads it as a zip of images', async () => {
    const statistics = await npz('stats.npz', { mu: floats(8), sigma: floats(8, 8) });
    expect((await errorOf(statistics)).message).toMatch(
      /expected an array of images, uint8 .*got mu float32 \[8\], sigma float32 \[8, 8\] in/,
    );
    const unit = await npz('unit.npz', { images: floats(10, 4, 4, 3) });
    expect(await errorOf(unit)).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('float32 [10, 4, 4, 3]'),
    });
    expect((await errorOf(await npz('odd.npz', { images: bytes(3, 4, 4, 4) }))).message).toMatch(
      /channels may come first or last/,
    );
  });

  it('a damaged one', async () => {
    const path = await npz('cut.npz', { arr_0: bytes(3, 4, 4, 3) });
    const whole = readFileSync(path);
    for (const length of [0, 10, 60, whole.length >> 1, whole.length - 4]) {
      writeFileSync(path, whole.subarray(0, length));
      expect((await errorOf(path)).name).toBe('DatasetError');
    }
    // A header that claims more than there is.
    const lying = Buffer.from(whole);
    lying.write('(9', lying.indexOf('(3'));
    writeFileSync(path, lying);
    expect((await errorOf(path)).name).toBe('DatasetError');
  });
});

describe('npy', () => {
  it('a stack by itself', async () => {
    const { dataset, classes: found, labels } = await look(await npy('stack.npy', bytes(5, 4, 4, 3)));
    expect([dataset.length, dataset.channels, found[0]]).toEqual([5, 3, -1]);
    expect(labels).toBe('none: no array of 5 whole numbers beside stack');
  });

  it('a folder of a stack and its labels', async () => {
    await npy('x_train.npy', bytes(2, 3, 4, 4));
    await npy('y_train.npy', classes(0, 2));
    writeFileSync(join(tmp, 'notes.txt'), 'words');
    const { classes: found, leftOut } = await look(tmp);
    expect(found).toEqual([0, 2]);
    expect(leftOut).toBe('1 file: 1 .txt (notes.txt: no image)');
    await npy('x_extra.npy', bytes(2, 3, 4, 4));
    expect((await look(tmp)).name).toBe('x_train#0');
    await npy('x_train2.npy', bytes(2, 3, 4, 4));
    expect((await errorOf(tmp)).message).toMatch(
      /Choose one: openDataset\('.*x_train\.npy'\), or openDataset\('.*x_train2\.npy'\)/,
    );
  });

  it.each([
    [bytes(1000, 8, 8), true],
    [bytes(10, 8, 8, 3), true],
    [bytes(10, 3, 8, 8), true],
    [floats(10, 8, 8, 8), true],
    [floats(300, 8, 8), true],
    [bytes(3, 8, 8), false],
    [bytes(8, 8, 3), false],
    [bytes(8, 8), false],
    [bytes(1, 3, 8, 8), false],
    [floats(8, 8, 8), false],
    [floats(32, 8, 8), false],
  ])('among other images, an array of several is an error (%#: %s)', async (array, stack) => {
    await npy('a.npy', array);
    for (let i = 0; i < 64; i++) cpSync(join(tmp, 'a.npy'), join(tmp, `b${i}.npy`));
    if (stack)
      expect((await errorOf(tmp)).message).toMatch(
        /one image in each array, got a stack of images, .*Open it by itself: openDataset\('.*a\.npy'\)/,
      );
    else expect((await look(tmp)).dataset.resolution).toBe(8);
  });

  it('one image with its channels last', async () => {
    await npy('a.npy', bytes(8, 8, 3));
    await npy('b.npy', bytes(8, 8, 4));
    const dataset = await openDataset(tmp);
    expect([...(await dataset.read(0)).slice(0, 4)]).toEqual([0, 1, 2, 3]);
    expect([...(await dataset.read(1)).slice(0, 4)]).toEqual([0, 1, 2, 4]);
    expect(dataset.conversions()).toMatchObject([{ kind: 'alpha', count: 1 }]);
    await dataset.close();
  });
});
