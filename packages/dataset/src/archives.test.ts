import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, inflateSync } from 'node:zlib';
import { openDataset } from '@edm2/dataset';
import { convertDataset, planConversion } from '@edm2/dataset/convert';
import { goldenPath } from '@edm2/test-support';
import { describe, expect, test } from 'vitest';
import { ownTemporaryFolder } from './temporary-folder.fixture.js';

const tmp = ownTemporaryFolder('edm2-archives-');
const put = (name: string, data: Uint8Array): string => {
  writeFileSync(join(tmp, name), data);
  return join(tmp, name);
};

/** What a gzipped tar was unpacked to, and should be gone. */
const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('edm2-tar-'));

describe('tar', () => {
  const { tars } = JSON.parse(readFileSync(goldenPath('tars.json'), 'utf8')) as { tars: Record<string, string> };
  const bytes = (name: string): Buffer => inflateSync(Buffer.from(tars[name] as string, 'base64'));

  test.each(['ustar', 'gnu', 'pax'])('of Python, %s, plain and gzipped', async (format) => {
    const before = left();
    for (const path of [put(`${format}.tar`, bytes(format)), put(`${format}.tar.gz`, gzipSync(bytes(format)))]) {
      const dataset = await openDataset(path);
      expect(dataset).toMatchObject({ kind: 'tar', length: 4, resolution: 4, channels: 1, classNames: ['a', 'b'] });
      // The second version of a name counts; the link and what leads out of the archive are no files beside it.
      const values = await Promise.all([0, 1, 2, 3].map(async (i) => (await dataset.read(i))[0]));
      expect(values).toEqual([50, 20, 30, 40]);
      expect(dataset.name(2).length).toBeGreaterThan(140);
      expect(dataset.name(3)).toBe('set/b/out.png');
      await dataset.close();
      const below = await openDataset(`${path}/set/b`, { labels: false });
      expect(below.length).toBe(3);
      await below.close();
    }
    expect(left()).toEqual(before);
  });

  test('damage is named', async () => {
    const whole = bytes('gnu');
    for (const [end, message] of [
      [1030, /within the entry at byte 512/],
      [2000, /before the tar's own/],
      [1536, /before the tar's own/],
    ] as const)
      await expect(openDataset(put('cut.tar', whole.subarray(0, end)))).rejects.toThrow(message);
    const flipped = Buffer.from(whole);
    flipped[1024 + 3] = (flipped[1024 + 3] as number) ^ 1;
    flipped[512 + 3] = (flipped[512 + 3] as number) ^ 1;
    await expect(openDataset(put('flipped.tar', flipped))).rejects.toMatchObject({
      code: 'corrupt-tar',
      message: /damaged header at byte 512/,
    });
    const gz = gzipSync(whole);
    await expect(openDataset(put('cut.tar.gz', gz.subarray(0, gz.length - 30)))).rejects.toMatchObject({
      code: 'corrupt-tar',
    });
  });

  test('a bomb is not unpacked', async () => {
    const header = Buffer.from(bytes('gnu').subarray(0, 512));
    const before = left();
    const bomb = gzipSync(Buffer.concat([header, Buffer.alloc(2 ** 24)]), { level: 9 });
    await expect(openDataset(put('bomb.tar.gz', bomb))).rejects.toMatchObject({ code: 'too-large' });
    expect(left()).toEqual(before);
  });
});

describe('CIFAR, binary version', () => {
  const folder = join(tmp, 'cifar-10-batches-bin');
  const record = (label: number[], value: number): Buffer =>
    Buffer.concat([Buffer.from(label), ...[0, 1, 2].map((c) => Buffer.alloc(1024, value + c))]);

  test('batches, names of classes, and the split that is asked for', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'data_batch_1.bin'), Buffer.concat([record([3], 10), record([0], 20)]));
    writeFileSync(join(folder, 'data_batch_2.bin'), record([1], 30));
    writeFileSync(join(folder, 'test_batch.bin'), record([2], 40));
    writeFileSync(join(folder, 'batches.meta.txt'), 'plane\ncar\nbird\ncat\n\n');
    const dataset = await openDataset(folder);
    expect(dataset).toMatchObject({
      length: 3,
      resolution: 32,
      channels: 3,
      labelDim: 4,
      classNames: ['plane', 'car', 'bird', 'cat'],
    });
    expect([0, 1, 2].map((i) => dataset.classOf(i))).toEqual([3, 0, 1]);
    expect([...(await dataset.read(2)).slice(0, 4)]).toEqual([30, 31, 32, 30]);
    await dataset.close();
    const test = await openDataset(folder, { split: 'test' });
    expect([test.length, test.classOf(0)]).toEqual([1, 2]);
    await test.close();
    expect(await planConversion(folder)).toEqual({ needed: false });
    const report = await convertDataset(folder, join(tmp, 'cifar.zip'), {
      transform: 'center-crop',
      size: { width: 16, height: 16 },
    });
    expect(report).toMatchObject({ images: 3, side: 16, classNames: ['plane', 'car', 'bird', 'cat'] });
  });

  test('CIFAR-100 takes the fine label; other files of such names are none', async () => {
    mkdirSync(join(tmp, 'hundred'));
    writeFileSync(join(tmp, 'hundred', 'train.bin'), record([5, 77], 1));
    const dataset = await openDataset(join(tmp, 'hundred'));
    expect([dataset.length, dataset.classOf(0), dataset.labelDim]).toEqual([1, 77, 78]);
    await dataset.close();
    writeFileSync(join(tmp, 'hundred', 'train.bin'), Buffer.alloc(100));
    await expect(openDataset(join(tmp, 'hundred'))).rejects.toMatchObject({ code: 'empty' });
  });
});

// Made with Python's pickle as Python 2 wrote it; sums and labels are those that torchvision reads of the same files.
describe('CIFAR, version for Python', () => {
  const sumOf = async (dataset: Awaited<ReturnType<typeof openDataset>>, index: number): Promise<number> =>
    Array.from(await dataset.read(index)).reduce((sum, value) => sum + value, 0);

  test('the archive as it is fetched: batches, names of classes, the split that is asked for', async () => {
    const path = goldenPath('cifar-10-python.tar.gz');
    const dataset = await openDataset(path);
    expect(dataset).toMatchObject({ length: 6, resolution: 32, channels: 3, labelDim: 10 });
    expect(dataset.classNames.slice(0, 3)).toEqual(['airplane', 'automobile', 'bird']);
    expect(Array.from({ length: 6 }, (_, i) => dataset.classOf(i))).toEqual([1, 0, 9, 2, 0, 9]);
    expect(await Promise.all([0, 1, 2, 3, 4, 5].map((i) => sumOf(dataset, i)))).toEqual([
      136704, 290304, 443904, 136704, 290304, 443904,
    ]);
    await dataset.close();
    const test = await openDataset(path, { split: 'test' });
    expect([test.length, test.classOf(0), test.classOf(1)]).toEqual([2, 4, 5]);
    await test.close();
    const report = await convertDataset(path, join(tmp, 'cifar-py.zip'), { labels: true });
    expect(report).toMatchObject({ images: 6, side: 32, labelKind: 'class' });
  });

  test('CIFAR-100 takes the fine label', async () => {
    const dataset = await openDataset(goldenPath('cifar-100-python.tar.gz'));
    expect(dataset).toMatchObject({ length: 4, labelDim: 100 });
    expect([0, 1, 2, 3].map((i) => dataset.classOf(i))).toEqual([0, 1, 2, 3]);
    expect(await Promise.all([0, 1, 2, 3].map((i) => sumOf(dataset, i)))).toEqual([87552, 241152, 394752, 548352]);
    await dataset.close();
  });

  test('what else a pickle may hold is refused, and nothing of it is run', async () => {
    const folder = join(tmp, 'cifar-hostile');
    mkdirSync(folder);
    const refused = async (text: string, message: RegExp) => {
      writeFileSync(join(folder, 'data_batch_1'), Buffer.from(text, 'latin1'));
      await expect(openDataset(folder)).rejects.toThrow(message);
    };
    await refused('\x80\x02cos\nsystem\nU\x04trueq\x00\x85R.', /os\.system/);
    await refused('\x80\x02}(U\x04dataK\x01U\x06labels]u.', /"data" to be an array uint8 \[N, 3072\], got number/);
    await refused('\x80\x02]q\x00.', /expected a dictionary, got a list of 0/);
    // A file of it by itself.
    await expect(openDataset(join(folder, 'data_batch_1'))).rejects.toThrow(
      /a pickle of Python at .*data_batch_1\. Of CIFAR pass the folder that holds its files: .*cifar-hostile/,
    );
  });
});
