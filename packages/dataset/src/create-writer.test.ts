import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWriter, openDataset, verifyDataset } from '@edm2/dataset';
import { goldenPath } from '@edm2/test-support';
import * as fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { storedZip } from './stored-zip.js';

const tmp = mkdtempSync(join(tmpdir(), 'edm2-writer-'));
afterAll(() => rmSync(tmp, { recursive: true, force: true }));

const latent = (i: number) => ({ shape: [8, 2, 2], data: Float32Array.from({ length: 32 }, (_, k) => i + k / 100) });
const png = (grey: number) =>
  sharp({ create: { width: 4, height: 4, channels: 3, background: { r: grey, g: 0, b: 0 } } })
    .png()
    .toBuffer();

describe.each(['set', 'set.zip'])('%s', (name) => {
  it('holds what was added, with labels and notes, and nothing is left beside it', async () => {
    const path = join(tmp, `whole-${name}`);
    const writer = await createWriter(path, { kind: 'latents' });
    for (const i of [2, 0, 1]) await writer.add(i, latent(i));
    expect(existsSync(path)).toBe(false);
    const progress: number[][] = [];
    await writer.finish({
      labels: [1, 0, 1],
      notes: { latents: { vae: 'x' } },
      onProgress: (...at) => progress.push(at),
    });
    expect(existsSync(writer.folder)).toBe(false);
    const dataset = await openDataset(path);
    expect(dataset).toMatchObject({ length: 3, channels: 8, labelDim: 2, notes: { latents: { vae: 'x' } } });
    expect((await verifyDataset(dataset)).classCounts).toEqual([1, 2]);
    expect(dataset.name(2)).toBe('00000/img-mean-std-00000002.npy');
    // Channels last: value k of [8, 2, 2] is channel k div 4 of pixel k mod 4.
    expect((await dataset.read(2))[1]).toBeCloseTo(2.04, 6);
    await dataset.close();
    expect(progress).toHaveLength(name.endsWith('.zip') ? 3 : 0);
    if (name === 'set') expect(readdirSync(path).sort()).toEqual(['00000', 'dataset.json']);
  });

  it('goes on where an attempt stopped', async () => {
    const path = join(tmp, `resumed-${name}`);
    const options = { kind: 'images', settings: { source: 'a' } } as const;
    const first = await createWriter(path, options);
    await first.add(0, await png(10));
    writeFileSync(join(first.folder, '00000', '.img00000001.png.1.tmp'), 'cut off');
    const second = await createWriter(path, options);
    expect([second.has(0), second.has(1)]).toEqual([true, false]);
    await expect(second.finish({ labels: [0, 1] })).rejects.toThrow(/expected 1 labels, got 2/);
    await second.add(1, await png(20));
    await second.finish({ labels: null });
    const dataset = await openDataset(path, { labels: false });
    expect([(await dataset.read(0))[0], (await dataset.read(1))[0]]).toEqual([10, 20]);
    expect(dataset.notes).toBeUndefined();
    await dataset.close();
  });
});

it('refuses other settings, gaps, and paths that are taken', async () => {
  const path = join(tmp, 'refused.zip');
  const writer = await createWriter(path, { kind: 'latents', settings: { vae: 'a' } });
  await expect(createWriter(path, { kind: 'latents', settings: { vae: 'b' } })).rejects.toThrow(
    /begun with, .*"vae": "a".*got .*"vae": "b"/,
  );
  await writer.add(1, latent(1));
  await expect(writer.finish({ labels: null })).rejects.toThrow(/img-mean-std-00000000\.npy, got no such file/);
  writeFileSync(path, '');
  await expect(createWriter(path, { kind: 'latents' })).rejects.toThrow(/which is there already/);
  mkdirSync(join(tmp, 'other.partial'));
  writeFileSync(join(tmp, 'other.partial', 'notes.txt'), '');
  await expect(createWriter(join(tmp, 'other'), { kind: 'latents' })).rejects.toThrow(/of another kind/);
});

it('writes the bytes of the published tool’s entries: names, NPY headers, order', async () => {
  const published = await openDataset(goldenPath('dataset-tiny-sd.zip'));
  const path = join(tmp, 'same.zip');
  const writer = await createWriter(path, { kind: 'latents' });
  for (let i = 0; i < published.length; i++) {
    const values = await published.read(i);
    const data = Float32Array.from(values, (_, k) => values[(k % 64) * 8 + Math.floor(k / 64)] ?? 0);
    await writer.add(i, { shape: [8, 8, 8], data });
  }
  await writer.finish({ labels: Array.from({ length: published.length }, (_, i) => published.classOf(i)) });
  const ours = await openDataset(path);
  // Names, checksums of whole entries and labels go into a fingerprint.
  expect(ours.fingerprint).toBe(published.fingerprint);
  await Promise.all([ours.close(), published.close()]);
  const zip = readFileSync(path);
  expect(zip.indexOf('dataset.json')).toBeGreaterThan(zip.indexOf('img-mean-std-00000004.npy'));
});

describe('storedZip', () => {
  it('is a function of names and bytes, read back by an independent reader', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.uint8Array()), { selector: ([n]) => n }),
        async (entries) => {
          const items = entries.map(([name, data], i) => ({ name: `${i}/é${name.replace(/[\\:]/g, '_')}.png`, data }));
          const chunks: Uint8Array[] = [];
          for await (const chunk of storedZip(items.map(({ name, data }) => ({ name, read: async () => data }))))
            chunks.push(chunk);
          const { fromBuffer } = await import('yauzl');
          const found: [string, Buffer][] = [];
          await new Promise<void>((resolve, reject) => {
            fromBuffer(
              Buffer.concat(chunks),
              { lazyEntries: true, validateEntrySizes: true, strictFileNames: false, decodeStrings: true },
              (error, zip) => {
                if (error) return reject(error);
                zip.on('error', reject);
                zip.on('end', resolve);
                zip.on('entry', (entry) =>
                  zip.openReadStream(entry, (failed, stream) => {
                    if (failed) return reject(failed);
                    const parts: Buffer[] = [];
                    stream.on('data', (part) => parts.push(part));
                    stream.on('end', () => {
                      found.push([entry.fileName, Buffer.concat(parts)]);
                      zip.readEntry();
                    });
                  }),
                );
                zip.readEntry();
              },
            );
          });
          expect(found.map(([name, data]) => [name, [...data]])).toEqual(
            items.map(({ name, data }) => [name, [...data]]),
          );
        },
      ),
      { numRuns: 30 },
    ));

  it('takes zip64 for many entries', async () => {
    const count = 70_000;
    const items = Array.from({ length: count }, (_, i) => ({
      name: `${i}.png`,
      read: async () => Uint8Array.of(i & 255),
    }));
    const chunks: Uint8Array[] = [];
    for await (const chunk of storedZip(items)) chunks.push(chunk);
    const path = join(tmp, 'many.zip');
    writeFileSync(path, Buffer.concat(chunks));
    const { readZipDirectory } = await import('@edm2/tensor-files');
    expect((await readZipDirectory(path, { maxEntries: count })).size).toBe(count);
  });
});

describe('killed in its last moments, a dataset is whole, and the next attempt tidies up', () => {
  const begin = async (path: string, count: number) => {
    const writer = await createWriter(path, { kind: 'latents', settings: { of: 'x' } });
    for (let i = 0; i < count; i++) if (!writer.has(i)) await writer.add(i, latent(i));
    return writer;
  };
  const again = (path: string) =>
    expect(createWriter(path, { kind: 'latents', settings: { of: 'x' } })).rejects.toThrow(/which is there already/);

  it('of a zip the files that went into it, and no others', async () => {
    const path = join(tmp, 'last.zip');
    await (await begin(path, 3)).finish({ labels: null });
    const zip = readFileSync(path);
    rmSync(path);
    // As many files of the same names and lengths: it was this work.
    const { folder } = await begin(path, 3);
    writeFileSync(path, zip);
    await again(path);
    expect(existsSync(folder)).toBe(false);
    // Fewer: it was not.
    rmSync(path);
    await begin(path, 2);
    writeFileSync(path, zip);
    await again(path);
    expect(existsSync(folder)).toBe(true);
    expect(readFileSync(path).equals(zip)).toBe(true);
  });

  it('of a folder its settings', async () => {
    const path = join(tmp, 'last');
    const writer = await begin(path, 2);
    const settings = readFileSync(join(writer.folder, 'settings.json'));
    await writer.finish({ labels: null });
    writeFileSync(join(path, 'settings.json'), settings);
    await again(path);
    expect(readdirSync(path).sort()).toEqual(['00000', 'dataset.json']);
  });

  it('before its first file, nothing is in the way', async () => {
    const path = join(tmp, 'first');
    mkdirSync(`${path}.partial`);
    writeFileSync(join(`${path}.partial`, '.settings.json.999999999.0123abcd.tmp'), '{');
    const { folder } = await begin(path, 1);
    expect(readdirSync(folder).sort()).toEqual(['00000', 'settings.json']);
  });

  it('while the zip was written, what is left of it goes', async () => {
    const path = join(tmp, 'beside', 'some.zip');
    mkdirSync(join(tmp, 'beside'));
    const [ours, other] = ['.some.zip.999999999.0123abcd.tmp', '.other.zip.999999999.0123abcd.tmp'];
    for (const name of [ours, other]) writeFileSync(join(tmp, 'beside', name), 'PK');
    await (await begin(path, 1)).finish({ labels: null });
    expect(readdirSync(join(tmp, 'beside')).sort()).toEqual([other, 'some.zip']);
  });
});

it('without sync, what an interrupted writer left is checked before it counts', async () => {
  const path = join(tmp, 'loose');
  const options = { kind: 'images', sync: false } as const;
  const first = await createWriter(path, options);
  for (const i of [0, 1, 2]) await first.add(i, await png(i));
  const file = join(first.folder, '00000', 'img00000001.png');
  writeFileSync(file, readFileSync(file).subarray(0, 40));
  writeFileSync(join(first.folder, '00000', 'img00000002.png'), '');
  const second = await createWriter(path, options);
  expect([0, 1, 2].map((i) => second.has(i))).toEqual([true, false, false]);
  for (const i of [1, 2]) await second.add(i, await png(i));
  await second.finish({ labels: null });
  const dataset = await openDataset(path);
  expect((await verifyDataset(dataset)).images).toBe(3);
  await dataset.close();
});
