import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  createLoader,
  createWriter,
  describeDataset,
  type LoaderOptions,
  type OpenDatasetOptions,
  openDataset,
  verifyDataset,
  type WriterOptions,
} from '@edm2/dataset';
import sharp from 'sharp';

import { afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import yazl from 'yazl';
import type { FileSource } from './file-source.js';
import { hasColour } from './probe-channels.js';

let tmp = '';
beforeEach(() => {
  tmp = mkdtempSync(join(tmpdir(), 'edm2-dataset-decisions-'));
});
afterEach(() => rmSync(tmp, { recursive: true, force: true }));

/** A file of each kind, 4×4. */
const files: Record<string, Uint8Array> = {};
beforeAll(async () => {
  const rgb = () =>
    sharp(
      Uint8Array.from({ length: 48 }, (_, i) => 5 * i),
      { raw: { width: 4, height: 4, channels: 3 } },
    );
  files['png'] = await rgb().png().toBuffer();
  files['jpg'] = await rgb().jpeg().toBuffer();
  files['grey'] = await rgb().toColourspace('b-w').png().toBuffer();
  files['rgba'] = await rgb().ensureAlpha(0.5).png().toBuffer();
  files['ppm'] = Buffer.concat([Buffer.from('P6 4 4 255\n'), Buffer.alloc(48, 9)]);
  files['jp2'] = Buffer.from('\0\0\0\x0cjP  \r\n\x87\n', 'latin1');
  files['txt'] = Buffer.from('some words');
});
const put = (name: string, bytes: Uint8Array | string | undefined): string => {
  const path = join(tmp, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes ?? '');
  return path;
};
/** Writes `name: kind` pairs. */
const lay = (tree: Record<string, string>): void => {
  for (const [name, kind] of Object.entries(tree)) put(name, files[kind]);
};
const zipOf = async (name: string, tree: Record<string, Uint8Array | string>): Promise<string> => {
  const zip = new yazl.ZipFile();
  for (const [entry, content] of Object.entries(tree))
    zip.addBuffer(typeof content === 'string' ? Buffer.from(files[content] ?? content) : Buffer.from(content), entry, {
      compress: false,
    });
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return put(name, Buffer.concat(chunks));
};
async function look(path: string, options?: OpenDatasetOptions) {
  const dataset = await openDataset(path, options);
  try {
    const summary = await verifyDataset(dataset);
    const names = Array.from({ length: dataset.length }, (_, i) => dataset.name(i));
    const classes = names.map((_, i) => dataset.classOf(i));
    return { dataset, names, classes, summary, ...describeDataset(dataset) };
  } finally {
    await dataset.close();
  }
}
const errorOf = (path: string, options?: OpenDatasetOptions) =>
  look(path, options).then(
    () => {
      throw new Error('no error');
    },
    (error: unknown) => error as Error & { code: string; file: string; problems: unknown[] },
  );

describe('files of other kinds', () => {
  it('reads what is an image by its content, whatever it is called, and counts the rest', async () => {
    lay({
      'cat/1.png': 'png',
      'cat/2.jfif': 'jpg',
      'cat/3.ppm': 'ppm',
      'cat/4': 'png',
      'cat/5.dat': 'jpg',
      'cat/6.png': 'jpg',
      'dog/1.jpg': 'png',
      'dog/2.jp2': 'jp2',
      'dog/3.jp2': 'jp2',
      'dog/.hidden.png': 'png',
      'notes.txt': 'txt',
      'cat/Thumbs.db': 'txt',
      'cat/._1.png': 'txt',
      'cat/9.png.part': 'png',
    });
    const { names, classes, summary, images, labels, leftOut, dataset } = await look(tmp);
    expect(names).toEqual(['cat/1.png', 'cat/2.jfif', 'cat/3.ppm', 'cat/4', 'cat/5.dat', 'cat/6.png', 'dog/1.jpg']);
    expect(classes).toEqual([0, 0, 0, 0, 0, 0, 1]);
    expect(dataset.report.passedOver).toEqual([
      { extension: '.jp2', reason: 'a JPEG 2000 image, which is not read', count: 2, example: 'dog/2.jp2' },
      { extension: '.part', reason: 'no image', count: 1, example: 'cat/9.png.part' },
      { extension: '.png', reason: 'hidden', count: 1, example: 'dog/.hidden.png' },
      { extension: '.txt', reason: 'no image', count: 1, example: 'notes.txt' },
    ]);
    expect(summary.passedOver).toBe(5);
    expect(images).toBe('7 images of 4×4, RGB, in a folder');
    expect(labels).toBe('2 classes by folder: cat, dog');
    expect(leftOut).toMatch(/^5 files: 2 \.jp2 \(dog\/2\.jp2: a JPEG 2000 image, which is not read\), 1 \.part/);
  });

  it('says when a whole folder is of kinds that are not read', async () => {
    lay({ 'cat/1.png': 'png', 'dog/1.jp2': 'jp2' });
    expect((await look(tmp)).labels).toBe('none: only cat/ holds images; dog/ left out: no file in it is read');
  });

  it('names what there is where nothing is read', async () => {
    lay({ 'a.jp2': 'jp2', 'b.jp2': 'jp2', 'c.txt': 'txt' });
    const { code, message } = await errorOf(tmp);
    expect(code).toBe('empty');
    expect(message).toMatch(
      /but 2 \.jp2 \(a\.jp2: a JPEG 2000 image, which is not read\), 1 \.txt .*\. Convert the images to PNG\.$/,
    );
  });

  it('a single image, a web page, an archive: the error says what it is', async () => {
    lay({ 'one/a.png': 'png' });
    expect((await errorOf(join(tmp, 'one', 'a.png'))).message).toMatch(/got a single image at .*Pass the folder/);
    expect((await errorOf(put('x.html', '<!doctype html><p>'))).message).toMatch(/an HTML page at/);
    expect((await errorOf(put('x.tgz', gzipSync('x')))).message).toMatch(/a file compressed with gzip at .*Unpack it/);
  });
});

describe('where a dataset begins', () => {
  test.each([
    [{ 'my/cat/1.png': 'png', 'my/dog/1.png': 'png', 'README.md': 'txt' }, 'my/', ['cat', 'dog']],
    [{ 'a/b/cat/1.png': 'png', 'a/b/dog/x/1.png': 'png' }, 'a/b/', ['cat', 'dog']],
    [{ 'cat/1.png': 'png', 'cat/2.png': 'png' }, 'cat/', []],
    [{ '1.png': 'png' }, '', []],
  ])('%j begins at "%s"', async (tree, root, classNames) => {
    lay(tree);
    const { dataset, names, images } = await look(tmp);
    expect(dataset.report.root).toBe(root);
    expect(dataset.classNames).toEqual(classNames);
    // Names stay as they are in the folder.
    expect(names.every((name) => name.startsWith(root))).toBe(true);
    if (root) expect(images).toContain(`below ${root}`);
    const zip = await zipOf('all.zip', { ...tree, '__MACOSX/._x': 'txt' });
    const zipped = await look(zip);
    expect([zipped.dataset.report.root, zipped.dataset.classNames, zipped.names]).toEqual([root, classNames, names]);
  });

  it('finds dataset.json in a wrapping folder, and says which labels it has no file for', async () => {
    lay({ 'set/1.png': 'png', 'set/2.jp2': 'jp2' });
    put(
      'set/dataset.json',
      JSON.stringify({
        labels: [
          ['./1.png', 3],
          ['2.jp2', 1],
          ['gone.png', 0],
        ],
      }),
    );
    const { dataset, labels, classes, leftOut } = await look(tmp);
    expect(classes).toEqual([3]);
    expect(dataset.report.labels.unused).toEqual({ count: 2, example: '2.jp2' });
    expect(labels).toBe('4 classes from dataset.json; 2 for files that are missing or not read (2.jp2)');
    expect(leftOut).toMatch(/^1 file: 1 \.jp2/);
  });

  it('accents that macOS wrote apart', async () => {
    lay({ ['e\u0301.png']: 'png' });
    put('dataset.json', JSON.stringify({ labels: [['\u00e9.png', 2]] }));
    expect((await look(tmp)).classes).toEqual([2]);
  });

  test.each([
    [{ 'train/a.png': 'png', 'val/a.png': 'png' }, ['train', 'val']],
    [{ 'train/cat/a.png': 'png', 'test/cat/a.png': 'png' }, ['test', 'train']],
    [{ 'Train/a.png': 'png', 'valid/a.png': 'png', 'other/b.png': 'png' }, ['Train', 'other', 'valid']],
    [{ 'data/train2017/a.png': 'png', 'data/val2017/a.png': 'png' }, ['data/train2017', 'data/val2017']],
    [{ 'trainA/a.png': 'png', 'trainB/a.png': 'png' }, ['trainA', 'trainB']],
    [{ 'train_images/a.png': 'png', 'test-images/a.png': 'png' }, ['test-images', 'train_images']],
  ])('%j are parts, not classes', async (tree, choices) => {
    lay(tree);
    const { code, message } = await errorOf(tmp);
    expect(code).toBe('ambiguous');
    for (const choice of choices) expect(message).toContain(`openDataset('${join(tmp, choice)}')`);
    expect((await errorOf(tmp, { flags: { path: '--data' } })).message).toContain(
      `--data ${join(tmp, choices[0] ?? '')}`,
    );
    // The choice can be made, in a zip too.
    expect((await look(join(tmp, choices[0] ?? ''))).names).toHaveLength(1);
    const zip = await zipOf('all.zip', tree);
    expect((await errorOf(zip)).message).toContain(`openDataset('${zip}/${choices[0]}')`);
    expect((await look(`${zip}/${choices[0]}`)).names).toHaveLength(1);
  });

  test.each([[['train', 'bus', 'car']], [['protest', 'contest']], [['trained', 'tested']], [['validate', 'devil']]])(
    '%j are classes',
    async (folders) => {
      lay(Object.fromEntries(folders.map((folder) => [`${folder}/a.png`, 'png'])));
      expect((await look(tmp)).dataset.classNames).toEqual([...folders].sort());
    },
  );

  test.each([[['images', 'masks']], [['JPEGImages', 'SegmentationClass', 'SegmentationObject']], [['imgs', 'labels']]])(
    '%j are pictures and their annotations, not classes',
    async (folders) => {
      lay(Object.fromEntries(folders.map((folder) => [`${folder}/a.png`, 'png'])));
      const { code, message } = await errorOf(tmp);
      expect(code).toBe('ambiguous');
      expect(message).toContain(`openDataset('${join(tmp, folders[0] ?? '')}')`);
    },
  );

  it('several datasets in one folder', async () => {
    lay({ 'a/1.png': 'png', 'b/1.png': 'png' });
    put('a/dataset.json', '{"labels": null}');
    expect((await errorOf(tmp)).message).toMatch(
      /a folder, a, with a dataset\.json in it beside other images\. Choose one: .*\/a'\), or .*\/b'\)/,
    );
    expect((await look(join(tmp, 'a'))).labels).toBe('none: dataset.json says so');
  });

  it('why there are no labels', async () => {
    lay({ '1.png': 'png', 'labels.csv': 'txt' });
    expect((await look(tmp)).labels).toBe('none: all images lie in one folder; labels.csv is not read');
    expect((await look(tmp, { labels: false })).labels).toBe('none: left out as asked');
    lay({ 'x/1.png': 'png' });
    const { message } = await errorOf(tmp);
    expect(message).toMatch(/beside folders such as x\. Move it into a folder, or leave labels out: labels: false\.$/);
    expect((await errorOf(tmp, { flags: { path: '--data' } })).message).toMatch(/Move it into a folder\.$/);
    expect((await errorOf(tmp, { flags: { labels: '--cond false' } })).message).toMatch(
      /leave labels out: --cond false\.$/,
    );
  });
});

describe('conversions', () => {
  it('grey among RGB becomes RGB, whichever comes first; transparency goes; both are counted', async () => {
    lay({ '0.png': 'grey', '1.png': 'rgba', '2.png': 'png', '3.png': 'grey' });
    const { dataset, summary, images } = await look(tmp);
    expect(dataset.channels).toBe(3);
    expect(summary.conversions).toEqual([
      { kind: 'alpha', what: 'transparency dropped', count: 1, example: '1.png' },
      { kind: 'grey-to-rgb', what: 'grey read as RGB', count: 2, example: '0.png' },
    ]);
    expect(images).toBe(
      '4 images of 4×4, RGB, in a folder; 1: transparency dropped (1.png); 2: grey read as RGB (0.png)',
    );
  });

  it('grey alone stays grey; a colour image that nobody saw coming is an error, and never grey', async () => {
    lay({ '0.png': 'grey', '1.png': 'grey' });
    const dataset = await openDataset(tmp);
    expect(dataset.channels).toBe(1);
    lay({ '1.png': 'png' });
    await expect(verifyDataset(dataset)).rejects.toThrow(
      /expected 1 channel as in .*, got 3 channels in .*Save it as grey/,
    );
  });

  it('of many images some are looked at, from the first to the last', async () => {
    const names = Array.from({ length: 50_000 }, (_, i) => String(i));
    const seen = new Set<string>();
    const source = (colour: (name: string) => boolean): FileSource => ({
      kind: 'folder',
      names,
      pathOf: (name) => name,
      readPart: async (name) => {
        seen.add(name);
        return files[colour(name) ? 'png' : 'grey'];
      },
      read: async () => new Uint8Array(),
      size: async () => 0,
      identity: async () => [],
      close: async () => {},
    });
    expect(
      await hasColour(
        source(() => false),
        names,
      ),
    ).toBe(false);
    expect(seen.size).toBe(4096);
    expect(Math.max(...[...seen].map(Number))).toBeGreaterThan(49_980);
    for (const from of [0, 25_000, 49_900]) {
      seen.clear();
      expect(
        await hasColour(
          source((name) => Number(name) >= from),
          names,
        ),
      ).toBe(true);
      // The search ends there.
      expect(seen.size).toBeLessThan(4096 * ((from + 500) / 50_000) + 20);
    }
  });

  it('images that decode with a warning of damage: refused with the option named, taken with it', async () => {
    const noise = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * i * 31) & 255);
    const whole = await sharp(noise, { raw: { width: 32, height: 32, channels: 3 } })
      .jpeg()
      .toBuffer();
    // The end marker comes after half of the pixels.
    put('a.jpg', Buffer.concat([whole.subarray(0, whole.length * 0.7), Buffer.from([0xff, 0xd9])]));
    const { message } = await errorOf(tmp);
    expect(message).toMatch(
      /decodes without warnings, got .*; or accept such images as they decode: acceptWarnings: true\.$/,
    );
    expect((await errorOf(tmp, { flags: { acceptWarnings: '--accept-warnings' } })).message).toMatch(
      /: --accept-warnings\.$/,
    );
    expect((await errorOf(tmp, { flags: {} })).message).toMatch(/remove it from the dataset\.$/);
    const { summary } = await look(tmp, { acceptWarnings: true });
    expect(summary.conversions).toMatchObject([{ kind: 'warning', count: 1 }]);
  });
});

describe('unusable files', () => {
  it.each([
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n',
      /a Git LFS pointer.*git lfs pull/,
    ],
    ['a web page', '<html><body>404</body></html>', /an HTML page in .*download the file itself/],
    ['an empty file', '', /an empty file/],
    ['zeros', new Uint8Array(100), /a file of zero bytes/],
    [
      'HEIC',
      Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
      /HEIC image, whose compression \(HEVC\) is not read.*heif-convert IMG\.heic IMG\.png/,
    ],
  ])('%s is called what it is, and the others are counted', async (_, content, words) => {
    for (let i = 0; i < 20; i++) put(`${String(i).padStart(2, '0')}.jpg`, content);
    const first = await errorOf(tmp);
    expect(first.message).toMatch(words);
    expect(first.file).toBe(join(tmp, '00.jpg'));
    expect(first.message).toMatch(/Also unusable: .*01\.jpg .* and 16 more\.$/);
    put('00.jpg', files['jpg']);
    const later = await errorOf(tmp);
    expect(later.file).toBe(join(tmp, '01.jpg'));
    expect(later.message).toMatch(/ and 15 more\.$/);
    expect(later.problems).toHaveLength(10);
  });
});

describe('IDX', () => {
  const idx = (code: number, dims: number[], data: Uint8Array): Buffer => {
    const header = Buffer.alloc(4 + 4 * dims.length);
    header.writeUInt32BE((code << 8) | dims.length, 0);
    for (const [i, side] of dims.entries()) header.writeUInt32BE(side, 4 + 4 * i);
    return Buffer.concat([header, data]);
  };
  const images = (count: number) => idx(8, [count, 4, 4], Buffer.alloc(16 * count, 7));
  const labels = (...classes: number[]) => idx(8, [classes.length], Buffer.from(classes));

  it('Kaggle’s folders of a file’s own name, beside the files or alone', async () => {
    put('train-images.idx3-ubyte', images(2));
    put('train-labels.idx1-ubyte', labels(0, 1));
    put('train-images-idx3-ubyte/train-images-idx3-ubyte', images(2));
    put('train-labels-idx1-ubyte/train-labels-idx1-ubyte', labels(1, 0));
    expect((await look(tmp)).labels).toBe('2 classes from train-labels.idx1-ubyte');
    for (const path of ['train-images-idx3-ubyte', 'train-images-idx3-ubyte/train-images-idx3-ubyte'])
      expect((await look(join(tmp, path))).classes).toEqual([1, 0]);
    rmSync(join(tmp, 'train-images.idx3-ubyte'));
    rmSync(join(tmp, 'train-labels.idx1-ubyte'));
    expect((await look(tmp)).classes).toEqual([1, 0]);
  });

  it('several datasets in one folder or zip: listed, and chosen by path', async () => {
    const tree: Record<string, Uint8Array> = {};
    for (const [name, count] of [
      ['balanced', 3],
      ['letters', 4],
    ] as const) {
      tree[`gzip/emnist-${name}-train-images-idx3-ubyte.gz`] = gzipSync(images(count));
      tree[`gzip/emnist-${name}-train-labels-idx1-ubyte.gz`] = gzipSync(labels(...Array(count).keys()));
      tree[`gzip/emnist-${name}-test-images-idx3-ubyte.gz`] = gzipSync(images(1));
    }
    for (const [name, bytes] of Object.entries(tree)) put(name, bytes);
    const zip = await zipOf('gzip.zip', tree);
    for (const path of [tmp, join(tmp, 'gzip'), zip]) {
      const { code, message } = await errorOf(path, { flags: { path: '--data' } });
      expect(code).toBe('ambiguous');
      expect(message).toMatch(
        /got 2 files of train images\. Choose one: --data .*balanced-train.*\.gz, or --data .*letters-train.*\.gz\.$/,
      );
    }
    for (const path of [join(tmp, 'gzip'), `${zip}/gzip`]) {
      const { dataset, images: line } = await look(`${path}/emnist-letters-train-images-idx3-ubyte.gz`);
      expect([dataset.length, dataset.labelDim]).toEqual([4, 4]);
      expect(line).toMatch(/rows and columns left exchanged, as EMNIST stores them/);
    }
  });

  it('two datasets of the same names in two folders', async () => {
    for (const name of ['MNIST', 'FashionMNIST']) put(`${name}/raw/train-images-idx3-ubyte`, images(2));
    expect((await errorOf(tmp)).message).toMatch(/Choose one: .*FashionMNIST\/raw.*, or .*\/MNIST\/raw/);
    expect((await look(join(tmp, 'MNIST'))).labels).toBe('none: no train-labels-idx1-ubyte beside the images');
  });

  it('says what lies beside and what was done', async () => {
    put('train-images-idx3-ubyte', idx(8, [1, 6, 6], Buffer.alloc(36, 7)));
    put('t10k-images-idx3-ubyte', images(1));
    lay({ 'a.png': 'png' });
    const { images: line, leftOut } = await look(tmp);
    expect(line).toBe('1 image of 8×8, grey, in an IDX file; 6×6 centred on black');
    expect(leftOut).toBe(
      '2 files: 1 .png (a.png: beside the IDX files), 1 without extension (t10k-images-idx3-ubyte: another IDX file)',
    );
  });

  it.each([
    ['signed bytes', 9, 1],
    ['int16 values', 11, 2],
    ['int32 values', 12, 4],
    ['float32 values', 13, 4],
    ['float64 values', 14, 8],
  ])('images of %s are refused by name; labels of whole numbers are read', async (name, code, bytes) => {
    put('train-images-idx3-ubyte', idx(code, [2, 4, 4], Buffer.alloc(32 * bytes)));
    expect(await errorOf(tmp)).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(`got ${name} in`),
    });
    put('train-images-idx3-ubyte', images(2));
    const data = Buffer.alloc(2 * bytes);
    data[2 * bytes - 1] = 3;
    put('train-labels-idx1-ubyte', idx(code, [2], data));
    if (code < 13) expect((await look(tmp)).classes).toEqual([0, 3]);
    else expect((await errorOf(tmp)).message).toContain(`expected labels of whole numbers, got ${name}`);
    put('train-labels-idx1-ubyte', idx(12, [2, 8], Buffer.alloc(64)));
    expect((await errorOf(tmp)).message).toMatch(/one label an image, got 8 columns/);
  });

  it('colour images of four dimensions', async () => {
    const data = Uint8Array.from({ length: 48 }, (_, i) => i);
    put('train-images-idx4-ubyte', idx(8, [1, 3, 4, 4], data));
    const dataset = await openDataset(tmp);
    expect(dataset.channels).toBe(3);
    expect([...(await dataset.read(0)).slice(0, 6)]).toEqual([0, 16, 32, 1, 17, 33]);
  });
});

test('unknown options are refused', async () => {
  lay({ 'a.png': 'png' });
  await expect(openDataset(tmp, { resoluton: 4 } as OpenDatasetOptions)).rejects.toThrow(
    /^openDataset: expected options among resolution, .*, got resoluton\. Did you mean resolution\?/,
  );
  await expect(openDataset(tmp, { split: 'val' as 'test' })).rejects.toThrow(/split to be train or test/);
  const dataset = await openDataset(tmp);
  await expect(verifyDataset(dataset, { progress: () => {} } as object)).rejects.toThrow(/got progress/);
  expect(() => createLoader(dataset, { batch: 1, shufle: false } as LoaderOptions)).toThrow(/Did you mean shuffle/);
  await expect(createWriter(join(tmp, 'x'), { kind: 'images', setings: {} } as WriterOptions)).rejects.toThrow(
    /Did you mean settings/,
  );
  await dataset.close();
});
