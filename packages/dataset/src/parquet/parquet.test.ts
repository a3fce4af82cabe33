import { cpSync, createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DatasetError, openDataset } from '@edm2/dataset';
import { type ConvertOptions, convertDataset, convertImage, planConversion } from '@edm2/dataset/convert';
import { goldenPath } from '@edm2/test-support';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { ownTemporaryFolder } from '../temporary-folder.fixture.js';

// Tables that pyarrow wrote in the form of Hugging Face's `datasets`; sums and labels are those that it and Pillow read of them.
const tmp = ownTemporaryFolder('edm2-parquet-test-');
const golden = (name: string): string => goldenPath(`parquet/${name}`);
/** What waits unpacked. */
const left = (): string[] =>
  readdirSync(tmp).filter((name) => name.startsWith('edm2-parquet-') && !name.includes('test'));
let count = 0;
const PLAIN: ConvertOptions = { transform: 'none', size: { width: 8, height: 8 } };
/** Labels and a report of a conversion. */
async function converted(source: string, options: ConvertOptions = {}) {
  const dest = join(tmp, `out${count++}`);
  const report = await convertDataset(source, dest, { ...PLAIN, ...options });
  const { labels } = JSON.parse(readFileSync(join(dest, 'dataset.json'), 'utf8'));
  return { report, labels: labels?.map(([, label]: [string, number]) => label) ?? null };
}

describe('a folder of shards', () => {
  test('train by itself, one file after another in snappy and zstd, and what it is made of is said', async () => {
    const { report, labels } = await converted(golden('hf'));
    expect(labels).toEqual([2, 0, 1, 1, 0]);
    expect(report).toMatchObject({ images: 5, classNames: ['cat', 'dog', 'emu'] });
    expect(report.source).toMatchObject({
      changes: ['images are of the column image of 2 Parquet files of train'],
      labels: { from: 'column', why: 'from the column label' },
      passedOver: [
        { extension: '.parquet', reason: 'another split', count: 1, example: 'data/test-00000-of-00001.parquet' },
      ],
    });
    expect(left()).toEqual([]);
  });

  test('the split that is asked for, in gzip; without labels', async () => {
    expect(await converted(golden('hf'), { split: 'test' })).toMatchObject({ labels: [2], report: { images: 1 } });
    const { labels, report } = await converted(golden('hf'), { labels: false });
    expect([labels, report.source.labels.why]).toEqual([null, 'left out as asked']);
  });

  test('a plan for training, which has another key for other images', async () => {
    const plan = await planConversion(golden('hf'));
    expect(plan).toMatchObject({ needed: true, images: 5, why: 'images of 9×7' });
    const test = await planConversion(golden('hf'), { split: 'test' });
    expect(plan.needed && test.needed && plan.key !== test.key).toBe(true);
  });

  test('several datasets are listed, and none is guessed', async () => {
    for (const name of ['one', 'two']) cpSync(golden('hf/data'), join(tmp, 'both', name), { recursive: true });
    await expect(openDataset(join(tmp, 'both'))).rejects.toMatchObject({
      code: 'ambiguous',
      message: expect.stringMatching(/some in 2 folders .*Choose one: openDataset\('.*both\/one'\), or .*both\/two/),
    });
  });
});

describe('columns', () => {
  test('a fine label before a coarse one, which is said; in Brotli and pages of the second version', async () => {
    const { report, labels } = await converted(golden('fine.parquet'));
    expect(labels).toEqual([3, 1]);
    expect(report.source.labels.why).toBe('from the column fine_label (not coarse_label)');
    expect(report.source.changes).toEqual(['images are of the column img of fine.parquet']);
    const chosen = await converted(golden('fine.parquet'), { labelColumn: 'coarse_label' });
    expect(chosen.labels).toEqual([0, 1]);
    expect(chosen.report.classNames).toEqual(['p', 'q']);
  });

  test('bytes alone, not compressed, and texts for labels', async () => {
    const { report, labels } = await converted(golden('plain.parquet'));
    expect(labels).toEqual([1, 0, 1]);
    expect(report.classNames).toEqual(['a', 'b']);
  });

  test.each([
    ['hf', [13770, 15795, 17820, 19845, 21870]],
    ['fine.parquet', [25920, 14121]],
    ['plain.parquet', [16146, 18171, 16146]],
  ])('the pixels are those that are stored: %s', async (name, expected) => {
    const found: number[] = [];
    // As they come, before they are made square.
    const convert: ConvertOptions['convert'] = async (job) => {
      const { data } = await sharp(job.image as Uint8Array)
        .raw()
        .toBuffer({ resolveWithObject: true });
      found.push(data.reduce((sum, value) => sum + value, 0));
      return convertImage(job);
    };
    await convertDataset(golden(name), undefined, { ...PLAIN, convert, concurrency: 1 });
    expect(found).toEqual(expected);
  });

  test.each<[string, string, ConvertOptions, RegExp]>([
    [
      'two columns of images',
      'two.parquet',
      {},
      /expected one column of images, got left and right in .*Choose one: --image-column left/,
    ],
    ['no column of images', 'text.parquet', {}, /expected a column of encoded images .*, got a, b in/],
    [
      'a column that there is not',
      'plain.parquet',
      { imageColumn: 'photo' },
      /a column photo of images, got id, png, label/,
    ],
    ['a path in the place of an image', 'paths.parquet', {}, /got a path alone, x\.png in .*push_to_hub/],
  ])('%s is an error', async (_, name, options, message) => {
    const flags = { imageColumn: '--image-column' };
    await expect(convertDataset(golden(name), undefined, { ...PLAIN, ...options, flags })).rejects.toThrow(message);
    expect(left()).toEqual([]);
  });

  test('chosen among two', async () => {
    expect((await converted(golden('two.parquet'), { imageColumn: 'right' })).report.images).toBe(1);
  });
});

test('whatever bytes become, the error is a DatasetError, and nothing is left behind', async () => {
  const whole = readFileSync(golden('hf/data/train-00000-of-00002.parquet'));
  const footer = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
  let seed = 11;
  // A generator of Lehmer's: the same damage each time.
  const next = (bound: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % bound;
  };
  const wrong: unknown[] = [];
  mkdirSync(join(tmp, 'damaged'));
  for (let round = 0; round < 300; round++) {
    const bytes = Buffer.from(whole);
    const from = round % 3 === 0 ? 0 : footer;
    for (let i = next(3); i >= 0; i--) bytes[from + next(bytes.length - from)] = next(256);
    const path = join(tmp, 'damaged', 'a.parquet');
    writeFileSync(path, round % 10 === 9 ? bytes.subarray(0, next(bytes.length)) : bytes);
    await openDataset(path).then(
      (dataset) => dataset.close(),
      (error: unknown) => error instanceof DatasetError || wrong.push(error),
    );
  }
  expect(wrong).toEqual([]);
  expect(left()).toEqual([]);
});

test('in an archive they are not read, and it is said what to do', async () => {
  const path = join(tmp, 'tables.zip');
  const zip = new ZipFile();
  zip.addFile(golden('plain.parquet'), 'plain.parquet');
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
  await expect(openDataset(path)).rejects.toThrow(/1 \.parquet .*Unpack the Parquet files into a folder/);
});

test('openDataset takes the columns too', async () => {
  const options = { imageColumn: 'right', labels: false, flags: {} } as const;
  await expect(openDataset(golden('two.parquet'), options)).rejects.toMatchObject({ code: 'not-square' });
  await expect(openDataset(golden('two.parquet'), { flags: {} })).rejects.toThrow(/convert --image-column/);
});
