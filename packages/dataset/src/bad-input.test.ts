import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { DatasetError, type OpenDatasetOptions, openDataset, verifyDataset } from '@edm2/dataset';
import { type NpyInput, writeNpy } from '@edm2/tensor-files';
import { goldenPath } from '@edm2/test-support';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import yazl from 'yazl';

let tmp = '';
beforeEach(() => {
  tmp = mkdtempSync(join(tmpdir(), 'edm2-dataset-bad-'));
});
afterEach(() => rmSync(tmp, { recursive: true, force: true }));

const image = (width: number, height = width, channels: 1 | 3 | 4 = 3) => {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * i * 31) & 255);
  const decoded = sharp(data, { raw: { width, height, channels } });
  return channels === 1 ? decoded.toColourspace('b-w') : decoded;
};
const put = (name: string, bytes: Uint8Array | string): string => {
  const path = join(tmp, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
};
const flip = (bytes: Uint8Array, at: number, bit = 3): Uint8Array => {
  const damaged = Uint8Array.from(bytes);
  damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
  return damaged;
};

/** Opens and verifies; the error that this must raise. */
async function errorOf(path: string, options?: OpenDatasetOptions): Promise<DatasetError> {
  try {
    const dataset = await openDataset(path, options);
    try {
      await verifyDataset(dataset);
    } finally {
      await dataset.close();
    }
  } catch (error) {
    if (error instanceof DatasetError) {
      expect(error.message).toMatch(/^[\w.]+: expected .+, got .+\. .+\.$/);
      return error;
    }
    throw error;
  }
  throw new Error('no error');
}

describe('paths', () => {
  it('nothing there, nothing in it, something else', async () => {
    expect(await errorOf(join(tmp, 'nowhere'))).toMatchObject({ code: 'not-found', file: join(tmp, 'nowhere') });
    put('empty/readme.txt', 'no images');
    expect(await errorOf(join(tmp, 'empty'))).toMatchObject({ code: 'empty' });
    expect(await errorOf(put('notes.txt', 'hello'))).toMatchObject({ code: 'unsupported' });
    expect(await errorOf(put('images.zip', 'hello'))).toMatchObject({ code: 'unsupported' });
    expect(await errorOf(put('images.zip', ''))).toMatchObject({
      code: 'corrupt-zip',
      message: expect.stringContaining('expected a zip, got an empty file'),
    });
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n';
    expect(await errorOf(put('images.zip', pointer))).toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(
        /expected a zip, got a Git LFS pointer .*images\.zip\. Run "git lfs install" and "git lfs pull"/,
      ),
    });
    expect(await errorOf(join(tmp, 'empty'), { split: 'test' })).toMatchObject({ code: 'unsupported' });
    put('one/0.png', await image(4).png().toBuffer());
    symlinkSync(join(tmp, 'gone.png'), join(tmp, 'one', '1.png'));
    expect(await errorOf(join(tmp, 'one'))).toMatchObject({ code: 'unreadable', file: join(tmp, 'one', '1.png') });
    symlinkSync(join(tmp, 'one'), join(tmp, 'one', 'circle'));
    expect(await errorOf(join(tmp, 'one'))).toMatchObject({ code: 'too-large' });
  });

  it('options out of range are the caller’s fault, not the data’s', async () => {
    for (const options of [{ resolution: 0 }, { maxSize: 1.5 }, { labelDim: -1 }, { channels: 2 as 3 }])
      await expect(openDataset(goldenPath('dataset-tiny-rgb.zip'), options)).rejects.toThrow(RangeError);
  });
});

describe('images', () => {
  it('mixed sizes; not square; not a power of two', async () => {
    const first = await image(8).png().toBuffer();
    const cases: [string, Uint8Array, string][] = [
      ['size', await image(16).png().toBuffer(), 'mixed-size'],
      ['square', await image(8, 16).png().toBuffer(), 'mixed-size'],
    ];
    for (const [name, bytes, code] of cases) {
      put(`${name}/0.png`, first);
      const path = put(`${name}/1.png`, bytes);
      expect(await errorOf(join(tmp, name))).toMatchObject({ code, file: path });
    }
    const wide = put('wide/0.png', await image(8, 16).png().toBuffer());
    expect(await errorOf(join(tmp, 'wide'))).toMatchObject({ code: 'not-square', file: wide });
    const odd = put('odd/0.png', await image(12).png().toBuffer());
    expect(await errorOf(join(tmp, 'odd'))).toMatchObject({ code: 'not-power-of-two', file: odd });
    expect(await errorOf(join(tmp, 'size'), { resolution: 32 })).toMatchObject({ code: 'wrong-resolution' });
  });

  it('a flipped bit anywhere in a PNG', async () => {
    put('flip/0.png', await image(8).png().toBuffer());
    const bytes = await image(8).png().toBuffer();
    for (let at = 0; at < bytes.length; at++) {
      const path = put('flip/1.png', flip(bytes, at, at % 8));
      expect(await errorOf(join(tmp, 'flip')), `byte ${at}`).toMatchObject({ code: 'corrupt-image', file: path });
    }
  });

  it('a PNG cut short anywhere', async () => {
    put('cut/0.png', await image(8).png().toBuffer());
    const bytes = await image(8).png().toBuffer();
    for (let length = 0; length < bytes.length; length += 7) {
      const path = put('cut/1.png', bytes.subarray(0, length));
      expect(await errorOf(join(tmp, 'cut')), `${length} bytes`).toMatchObject({ code: 'corrupt-image', file: path });
    }
  });

  it('a PNG that claims a size to fill the memory', async () => {
    const bytes = await image(8).png().toBuffer();
    const huge = Buffer.from(bytes);
    huge.writeUInt32BE(65536, 16);
    huge.writeUInt32BE(65536, 20);
    huge.writeUInt32BE(crcOf(huge.subarray(12, 29)), 29);
    const path = put('huge/0.png', huge);
    expect(await errorOf(join(tmp, 'huge'))).toMatchObject({ code: 'too-large', file: path });
  });

  it.each(['jpeg', 'webp', 'tiff'] as const)('a %s cut short, and other bytes under its name', async (format) => {
    const extension = format === 'jpeg' ? 'jpg' : format;
    const bytes = await image(64)[format]().toBuffer();
    put(`${format}/0.${extension}`, bytes);
    const dataset = await openDataset(join(tmp, format));
    expect(await verifyDataset(dataset)).toMatchObject({ images: 1 });
    await dataset.close();
    const path = put(`${format}/1.${extension}`, bytes.subarray(0, bytes.length >> 1));
    expect(await errorOf(join(tmp, format))).toMatchObject({ code: 'corrupt-image', file: path });
    put(`${format}/1.${extension}`, 'hello');
    expect(await errorOf(join(tmp, format))).toMatchObject({ code: 'corrupt-image', file: path });
  });

  it('arrays that are cut short, hold NaN, or are of another type or shape', async () => {
    const array = async (name: string, input: NpyInput) => {
      mkdirSync(dirname(join(tmp, name)), { recursive: true });
      await writeNpy(join(tmp, name), input);
      return join(tmp, name);
    };
    const good = { shape: [2, 4, 4], data: new Float32Array(32) };
    for (const folder of ['cut', 'nan', 'channels', 'bytes']) await array(`${folder}/0.npy`, good);
    const bytes = readFileSync(join(tmp, 'cut', '0.npy'));
    for (const length of [0, 5, 40, bytes.length - 1]) {
      const path = put('cut/1.npy', bytes.subarray(0, length));
      expect(await errorOf(join(tmp, 'cut'))).toMatchObject({ code: 'corrupt-image', file: path });
    }
    await array('nan/1.npy', { shape: [2, 4, 4], data: new Float32Array(32).fill(Number.NaN, 31) });
    expect(await errorOf(join(tmp, 'nan'))).toMatchObject({ code: 'corrupt-image', file: join(tmp, 'nan', '1.npy') });
    const channels = await array('channels/1.npy', { shape: [4, 4], data: new Float32Array(16) });
    expect(await errorOf(join(tmp, 'channels'))).toMatchObject({ code: 'mixed-channels', file: channels });
    const pixels = await array('bytes/1.npy', { shape: [2, 4, 4], data: new Uint8Array(32) });
    expect(await errorOf(join(tmp, 'bytes'))).toMatchObject({ code: 'mixed-channels', file: pixels });
    await array('wide/0.npy', { shape: [4, 4], data: new Float64Array(16) });
    expect(await errorOf(join(tmp, 'wide'))).toMatchObject({ code: 'unsupported' });
    await array('flat/0.npy', { shape: [4], data: new Float32Array(4) });
    expect(await errorOf(join(tmp, 'flat'))).toMatchObject({ code: 'unsupported' });
  });

  it('several bad ones are all named', async () => {
    const bytes = await image(8).png().toBuffer();
    for (let i = 0; i < 9; i++) put(`several/${i}.png`, i % 2 ? flip(bytes, 60) : bytes);
    const error = await errorOf(join(tmp, 'several'));
    expect(error.file).toBe(join(tmp, 'several', '1.png'));
    expect(error.problems.map(({ file }) => file)).toEqual([1, 3, 5, 7].map((i) => join(tmp, 'several', `${i}.png`)));
    expect(error.message).toContain('7.png');
  });

  it('verification reports progress and stops on abort', async () => {
    for (let i = 0; i < 5; i++) put(`fine/${i}.png`, await image(4).png().toBuffer());
    const dataset = await openDataset(join(tmp, 'fine'));
    const seen: number[] = [];
    await verifyDataset(dataset, { onProgress: ({ done, total }) => seen.push(done / total) });
    expect(seen).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    await expect(verifyDataset(dataset, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
    await dataset.close();
    await expect(dataset.read(0)).rejects.toThrow(DatasetError);
  });
});

describe('labels', () => {
  const withJson = async (json: string) => {
    for (const name of ['a/0.png', 'a/1.png', 'b/2.png']) put(name, await image(4).png().toBuffer());
    put('dataset.json', json);
    return tmp;
  };
  const rows = (...labels: unknown[]) =>
    JSON.stringify({ labels: labels.map((label, i) => [`${i < 2 ? 'a' : 'b'}/${i}.png`, label]) });

  it.each([
    ['negative', rows(0, -1, 2), 'bad-label'],
    ['a fraction', rows(0, 1.5, 2), 'bad-label'],
    ['text', rows(0, '1', 2), 'bad-label'],
    ['null', rows(0, null, 2), 'bad-label'],
    ['far out of range', rows(0, 1e9, 2), 'bad-label'],
    ['mixed kinds', rows(0, [1, 0], 2), 'bad-label'],
    ['vectors of two lengths', rows([1, 0], [1], [0, 1]), 'bad-label'],
    ['empty vectors', rows([], [], []), 'bad-label'],
    ['fewer than images', rows(0, 1), 'missing-label'],
    ['not JSON', '{"labels": [', 'bad-json'],
    ['a list', '[]', 'bad-json'],
    ['an object', '{"labels": {"a/0.png": 1}}', 'bad-json'],
    ['rows of the wrong shape', '{"labels": [["a/0.png"]]}', 'bad-json'],
  ])('%s', async (_, json, code) => {
    expect(await errorOf(await withJson(json))).toMatchObject({ code });
  });

  it('at or above the width asked for; absent although asked for; an image outside the folders', async () => {
    expect(await errorOf(await withJson(rows(0, 1, 2)), { labelDim: 2 })).toMatchObject({
      code: 'bad-label',
      file: join(tmp, 'b/2.png'),
    });
    expect(await errorOf(await withJson('{"labels": null}'), { labelDim: 2 })).toMatchObject({ code: 'missing-label' });
    rmSync(join(tmp, 'dataset.json'));
    put('stray.png', await image(4).png().toBuffer());
    expect(await errorOf(tmp)).toMatchObject({ code: 'missing-label', file: join(tmp, 'stray.png') });
  });
});

describe('zip', () => {
  const golden = readFileSync(goldenPath('dataset-tiny-rgb.zip'));

  it('a flipped bit in any part, cut short anywhere', async () => {
    const centralDirectory = golden.readUInt32LE(golden.length - 6);
    const inEntries = Array.from({ length: 40 }, (_, i) => Math.floor(((i + 0.5) * centralDirectory) / 40));
    // Signature, compression method, CRC-32, both sizes, lengths of name and extra field, name.
    const headers = [0, 2, 8, 14, 17, 18, 21, 22, 25, 26, 30, 35, 50];
    for (const at of [...headers, ...inEntries]) {
      const path = put('flipped.zip', flip(golden, at));
      const error = await errorOf(path);
      expect(error.code, `byte ${at}`).toBe('corrupt-zip');
      expect(error.file.startsWith(path)).toBe(true);
    }
    for (let i = 0; i < 20; i++) {
      const length = Math.floor((golden.length * i) / 20);
      expect(await errorOf(put('cut.zip', golden.subarray(0, length))), `${length}`).toMatchObject({
        code: 'corrupt-zip',
      });
    }
  });

  it('damage in the directory is an error or harmless, never another picture', async () => {
    const centralDirectory = golden.readUInt32LE(golden.length - 6);
    const intact = await openDataset(goldenPath('dataset-tiny-rgb.zip'));
    const images = await Promise.all([0, 1, 2, 3, 4].map((i) => intact.read(i)));
    let refused = 0;
    const wrong: unknown[] = [];
    for (let at = centralDirectory; at < golden.length; at++) {
      try {
        const dataset = await openDataset(put('directory.zip', flip(golden, at, at % 8)));
        try {
          await verifyDataset(dataset);
          expect(
            [0, 1, 2, 3, 4].map((i) => dataset.classOf(i)),
            `byte ${at}`,
          ).toEqual([0, 0, 1, 1, 2]);
          for (let i = 0; i < 5; i++)
            expect(Buffer.from(await dataset.read(i)).equals(Buffer.from(images[i] ?? []))).toBe(true);
        } finally {
          await dataset.close();
        }
      } catch (error) {
        if (error instanceof DatasetError) refused++;
        else wrong.push(error);
      }
    }
    await intact.close();
    expect(wrong).toEqual([]);
    // Dates, attributes and version numbers carry no data.
    expect(refused / (golden.length - centralDirectory)).toBeGreaterThan(0.6);
  });

  const writeZip = async (
    name: string,
    entries: readonly [string, Uint8Array | string][],
    compress: boolean,
  ): Promise<string> => {
    const zip = new yazl.ZipFile();
    for (const [entry, bytes] of entries) zip.addBuffer(Buffer.from(bytes), entry, { compress });
    zip.end();
    const chunks: Buffer[] = [];
    for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
    return put(name, Buffer.concat(chunks));
  };

  it('an entry header that says another size than the directory, which nothing would read', async () => {
    const path = put('size.zip', flip(golden, 22));
    const error = await errorOf(path);
    expect(error).toMatchObject({ code: 'corrupt-zip' });
    expect(error.message).toMatch(/an entry header with size \d+ where the directory has \d+/);
  });

  it('an end record with another number of entries or size of the directory, which nothing would read', async () => {
    const end = golden.length - 22;
    expect((await errorOf(put('count.zip', flip(golden, end + 8)))).message).toMatch(/counts \d+ entries of \d+/);
    expect((await errorOf(put('bytes.zip', flip(golden, end + 12)))).message).toMatch(/a directory of \d+ bytes, not/);
  });

  it('reads entries whose sizes follow the data', async () => {
    const bytes = await image(8).png().toBuffer();
    const zip = new yazl.ZipFile();
    zip.addReadStream(Readable.from([bytes]), 'a.png');
    zip.end();
    const chunks: Buffer[] = [];
    for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
    const whole = Buffer.concat(chunks);
    expect(whole.readUInt32LE(22)).toBe(0);
    const dataset = await openDataset(put('streamed.zip', whole));
    expect(await verifyDataset(dataset)).toMatchObject({ images: 1 });
    await dataset.close();
  });

  it('reads deflated entries and folders as classes; refuses what it cannot read', async () => {
    const bytes = await image(8).png().toBuffer();
    const path = await writeZip(
      'deflated.zip',
      [
        ['b/1.png', bytes],
        ['a/0.png', bytes],
        ['__MACOSX/a/._0.png', 'x'],
      ],
      true,
    );
    const dataset = await openDataset(path);
    expect(dataset.classNames).toEqual(['a', 'b']);
    expect(await verifyDataset(dataset)).toMatchObject({ images: 2, classCounts: [1, 1] });
    await dataset.close();

    const raw = readFileSync(path);
    const local = raw.indexOf(Buffer.from('PK\x03\x04', 'latin1'));
    const central = raw.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
    const encrypted = Buffer.from(raw);
    encrypted.writeUInt16LE(encrypted.readUInt16LE(local + 6) | 1, local + 6);
    encrypted.writeUInt16LE(encrypted.readUInt16LE(central + 8) | 1, central + 8);
    expect(await errorOf(put('encrypted.zip', encrypted))).toMatchObject({ code: 'unsupported' });
    const lzma = Buffer.from(raw);
    lzma.writeUInt16LE(14, central + 10);
    expect(await errorOf(put('lzma.zip', lzma))).toMatchObject({ code: 'unsupported' });
    expect(await errorOf(await writeZip('none.zip', [['readme.txt', 'x']], true))).toMatchObject({ code: 'empty' });
    const label = JSON.stringify({
      labels: [
        ['a/0.png', 0],
        ['a/1.png', 1],
      ],
    });
    const missing = await writeZip(
      'missing.zip',
      [
        ['a/0.png', bytes],
        ['dataset.json', label],
      ],
      false,
    );
    expect(await errorOf(missing)).toMatchObject({ code: 'missing-image', file: `${missing}/a/1.png` });
  });

  it('bombs: more data than stated, and more stated than allowed', async () => {
    const path = await writeZip('bomb.zip', [['a.png', new Uint8Array(50_000_000)]], true);
    const raw = readFileSync(path);
    expect(raw.length).toBeLessThan(100_000);
    expect(await errorOf(path)).toMatchObject({ code: 'corrupt-image' });
    const central = raw.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
    const lying = Buffer.from(raw);
    lying.writeUInt32LE(1000, central + 24);
    expect(await errorOf(put('lying.zip', lying))).toMatchObject({ code: 'corrupt-zip' });
    const large = Buffer.from(raw);
    large.writeUInt32LE(0xf0000000, central + 24);
    expect(await errorOf(put('large.zip', large))).toMatchObject({ code: 'too-large' });
  });
});

describe('IDX', () => {
  const header = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length);
    for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
    return bytes;
  };
  const images = Buffer.concat([header(0x803, 3, 4, 4), Buffer.alloc(48, 7)]);
  const labels = Buffer.concat([header(0x801, 3), Buffer.from([0, 1, 2])]);
  const write = (imageBytes: Uint8Array, labelBytes: Uint8Array): string => {
    put('train-labels-idx1-ubyte', labelBytes);
    return put('train-images-idx3-ubyte', imageBytes);
  };

  it('wrong magic numbers, bytes missing or left over, counts that differ, labels out of range', async () => {
    const labelsPath = join(tmp, 'train-labels-idx1-ubyte');
    const path = write(images, labels);
    expect((await openDataset(path)).length).toBe(3);
    for (const [i, l, code, file] of [
      [flip(images, 3), labels, 'corrupt-idx', path],
      [images.subarray(0, 63), labels, 'corrupt-idx', path],
      [images.subarray(0, 9), labels, 'corrupt-idx', path],
      [Buffer.alloc(0), labels, 'corrupt-idx', path],
      [Buffer.concat([images, Buffer.alloc(1)]), labels, 'corrupt-idx', path],
      [header(0x803, 0xffffffff, 0xffff, 0xffff), labels, 'corrupt-idx', path],
      [images, images, 'corrupt-idx', labelsPath],
      [images, labels.subarray(0, 10), 'corrupt-idx', labelsPath],
      [images, Buffer.concat([header(0x801, 2), Buffer.from([0, 1])]), 'missing-label', path],
      [images, flip(labels, 9, 7), 'bad-label', `${labelsPath}#1`],
      [header(0x803, 0, 4, 4), header(0x801, 0), 'empty', path],
      [Buffer.concat([header(0x803, 3, 4, 2), Buffer.alloc(24)]), labels, 'not-square', path],
      [Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]), labels, 'corrupt-idx', path],
    ] as const) {
      write(i, l);
      expect(await errorOf(tmp, { labelDim: 10 })).toMatchObject({ code, file });
    }
    write(images, labels);
    expect(await errorOf(tmp, { resolution: 12 })).toMatchObject({ code: 'not-power-of-two' });
    expect(await errorOf(tmp, { split: 'test' })).toMatchObject({ code: 'not-found' });
    write(Buffer.concat([header(0x803, 3, 5, 5), Buffer.alloc(75)]), labels);
    expect(await errorOf(tmp, { resolution: 4 })).toMatchObject({ code: 'wrong-resolution' });
  });

  it('the files may be anywhere', async () => {
    write(images, labels);
    mkdirSync(join(tmp, 'raw'));
    for (const name of ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'])
      cpSync(join(tmp, name), join(tmp, 'raw', name));
    rmSync(join(tmp, 'train-images-idx3-ubyte'));
    const dataset = await openDataset(tmp);
    expect(dataset).toMatchObject({ length: 3, labelDim: 3 });
    await dataset.close();
  });
});

/** CRC-32, bit by bit: a second opinion. */
function crcOf(bytes: Uint8Array): number {
  let c = ~0;
  for (const byte of bytes) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return ~c >>> 0;
}
