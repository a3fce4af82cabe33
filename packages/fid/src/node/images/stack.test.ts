import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type NpyInput, writeNpy } from '@edm2/tensor-files';
import { goldenPath } from '@edm2/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { checkImages } from './check-images.js';
import { loadImage } from './load-image.js';
import { openImages } from './source.js';
import { holdsStatistics } from './stack.js';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edm2-stack-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Bytes 0, 1, 2, … in an array of that shape. */
const bytes = (...shape: number[]): NpyInput => ({
  shape,
  data: Uint8Array.from({ length: shape.reduce((product, side) => product * side, 1) }, (_, i) => i % 251),
});

/** An archive as numpy.savez and numpy.savez_compressed write it. */
async function npz(name: string, arrays: Readonly<Record<string, NpyInput>>, compress = false): Promise<string> {
  const zip = new ZipFile();
  for (const [member, array] of Object.entries(arrays)) {
    await writeNpy(at('member.npy'), array);
    zip.addBuffer(await readFile(at('member.npy')), `${member}.npy`, { compress });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(at(name)));
  return at(name);
}

const images = bytes(3, 4, 5, 3);
const labels: NpyInput = { shape: [3], data: Int32Array.of(2, 0, 1) };

describe('an array of samples is a set of images', () => {
  it.each([
    ['stored', () => npz('a.npz', { arr_0: images })],
    ['stored, with labels', () => npz('b.npz', { arr_0: images, arr_1: labels })],
    ['compressed', () => npz('c.npz', { arr_1: labels, arr_0: images }, true)],
    ['under another name', () => npz('d.npz', { samples: images, labels })],
    ['beside other images', () => npz('e.npz', { other: bytes(2, 2, 2, 3), arr_0: images })],
    ['alone', () => writeNpy(at('f.npy'), images).then(() => at('f.npy'))],
  ] as const)('%s', async (_, write) => {
    const path = await write();
    expect(await holdsStatistics(path)).toBe(false);
    const source = await openImages(path);
    expect(source.names).toEqual(['00000000', '00000001', '00000002']);
    expect(source.pathOf('00000002')).toBe(`${path}#2`);
    for (const [i, name] of source.names.entries()) {
      const { height, width, data } = await loadImage(source, name);
      expect([height, width]).toEqual([4, 5]);
      expect([...data]).toEqual([...images.data.slice(i * 60, (i + 1) * 60)]);
    }
    await source.close();
  });

  it('grey ones become RGB', async () => {
    const source = await openImages(await npz('grey.npz', { arr_0: bytes(2, 1, 2, 1) }));
    expect([...(await loadImage(source, '00000001')).data]).toEqual([2, 2, 2, 3, 3, 3]);
    await source.close();
  });
});

it('statistics are told from images', async () => {
  for (const name of ['stats-tiny.npz', 'stats-tiny-deflated.npz'])
    expect(await holdsStatistics(goldenPath(name)), name).toBe(true);
  await writeFile(at('broken.npz'), 'PK');
  expect(await holdsStatistics(at('broken.npz'))).toBe(true);
  expect(await holdsStatistics(at('a.zip'))).toBe(false);
});

describe('refused by name', () => {
  const refused = async (arrays: Readonly<Record<string, NpyInput>>, compress = false): Promise<string> =>
    openImages(await npz('refused.npz', arrays, compress)).then(
      () => 'nothing',
      ({ code, message }) => `${code}: ${message}`,
    );
  it('arrays of another kind, and several that might be meant', async () => {
    const floats: NpyInput = { shape: [1, 2, 2, 3], data: new Float32Array(12) };
    expect(await refused({ arr_0: floats })).toMatch(/^refused: .*uint8 \[N, H, W, 3\].*got arr_0 <f4 \[1, 2, 2, 3\]/);
    expect(await refused({ arr_0: bytes(2, 3, 4, 4) })).toMatch(/got arr_0 uint8 \[2, 3, 4, 4\]/);
    expect(await refused({ arr_0: labels }, true)).toMatch(/got arr_0 <i4 \[3\]/);
    expect(await refused({ a: images, b: images })).toMatch(/one array of images .*got a uint8 .*, b uint8 .*as arr_0/);
  });

  it('damage: an end too early, and other files', async () => {
    await writeNpy(at('cut.npy'), images);
    await truncate(at('cut.npy'), 200);
    await expect(openImages(at('cut.npy'))).rejects.toMatchObject({ code: 'corrupt' });
    const path = await npz('cut.npz', { arr_0: images });
    await truncate(path, 250);
    await expect(openImages(path)).rejects.toThrow(/cut\.npz/);
    // A changed pixel: the archive's checksum tells.
    const changed = await npz('changed.npz', { arr_0: images });
    const content = await readFile(changed);
    content[260] = (content[260] ?? 0) ^ 1;
    await writeFile(changed, content);
    const source = await openImages(changed);
    await expect(checkImages(changed, source)).rejects.toThrow(/CRC-32/);
    await source.close();
    await writeFile(at('text.npy'), 'no array');
    await expect(openImages(at('text.npy'))).rejects.toThrow(/text\.npy/);
  });
});
