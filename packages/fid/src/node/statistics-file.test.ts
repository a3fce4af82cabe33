import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStatistics, frechetDistance } from '@edm2/fid';
import { readStatistics, writeStatistics } from '@edm2/fid/node';
import { readNpz } from '@edm2/tensor-files';
import { goldenPath, readGolden } from '@edm2/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const golden = readGolden('stats-tiny');
const stored = (name: string) => ({ mu: golden.get(`${name}.mu`).data, sigma: golden.get(`${name}.sigma`).data });
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edm2-fid-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('readStatistics', () => {
  it.each(['stats-tiny.npz', 'stats-tiny-deflated.npz'])('reads NumPy’s %s', async (file) => {
    expect(await readStatistics(goldenPath(file))).toEqual({ n: undefined, fid: stored('fid') });
  });

  it('reads ours', async () => {
    expect(await readStatistics(goldenPath('stats-tiny.safetensors'))).toEqual({
      n: 50_000,
      fid: stored('fid'),
      fd_dinov2: stored('fd_dinov2'),
    });
  });

  it.each([
    ['stats-tiny.pkl', 50_000],
    ['stats-tiny-np2.pkl', 50_000],
    ['stats-tiny-np2-p5.pkl', 50_000],
  ])('reads NVIDIA’s %s', async (file, n) => {
    expect(await readStatistics(goldenPath(file))).toEqual({ n, fid: stored('fid'), fd_dinov2: stored('fd_dinov2') });
  });

  it('reads pickles of protocol 2, of float32 and of Fortran order', async () => {
    expect(await readStatistics(goldenPath('stats-tiny-p2.pkl'))).toEqual({ n: undefined, fid: stored('fid') });
    const mu = Float64Array.from(stored('fid').mu, Math.fround);
    expect(await readStatistics(goldenPath('stats-tiny-odd.pkl'))).toMatchObject({
      n: 7,
      fid: { ...stored('fid'), mu },
    });
  });

  it('refuses a pickle that asks for a function, by name', async () => {
    await expect(readStatistics(goldenPath('refuse-global.pkl'))).rejects.toThrow(/getcwd/);
  });

  it('refuses what is no statistics, by name', async () => {
    await expect(readStatistics(join(folder, 'a.json'))).rejects.toThrow(/ending in .*got .*a\.json/);
    await expect(readStatistics(goldenPath('phema.safetensors'))).rejects.toThrow(/expected fid\.mu and fid\.sigma/);
    const path = join(folder, 'bad.npz');
    await writeFile(path, 'PK');
    await expect(readStatistics(path)).rejects.toThrow(/bad\.npz/);
  });
});

describe('writeStatistics', () => {
  const statistics = createStatistics(3);
  statistics.add([
    [0, 1, 2],
    [3, 1, 0],
    [5, 5, 4],
    [1, 0, 0],
  ]);
  const result = statistics.result();

  it.each(['npz', 'safetensors'])('round-trips through .%s, bit for bit', async (ending) => {
    const path = join(folder, `out.${ending}`);
    await writeStatistics(path, { n: result.n, fid: result });
    const back = await readStatistics(path);
    expect(back).toEqual({ n: 4, fid: { mu: result.mu, sigma: result.sigma } });
    expect(frechetDistance(back.fid ?? result, result)).toBe(0);
  });

  it('keeps both networks’ statistics in .safetensors, refuses them in .npz', async () => {
    const both = { fid: stored('fid'), fd_dinov2: stored('fd_dinov2'), n: 50_000 };
    await writeStatistics(join(folder, 'both.safetensors'), both);
    expect(await readStatistics(join(folder, 'both.safetensors'))).toEqual(both);
    await expect(writeStatistics(join(folder, 'both.npz'), both)).rejects.toThrow(
      /fid alone for \.npz, got fid, fd_dinov2/,
    );
  });

  it('writes the members that pytorch-fid reads', async () => {
    const path = join(folder, 'members.npz');
    await writeStatistics(path, { fid: result });
    const arrays = await readNpz(path);
    expect(Object.keys(arrays)).toEqual(['mu', 'sigma']);
    expect(arrays['sigma']).toMatchObject({ dtype: '<f8', shape: [3, 3] });
  });

  it('refuses nothing, misshapen and infinite statistics', async () => {
    const path = join(folder, 'refused.safetensors');
    await expect(writeStatistics(path, { n: 3 })).rejects.toThrow(/expected fid or fd_dinov2, got neither/);
    await expect(writeStatistics(path, { fid: { mu: [1], sigma: [1, 2] } })).rejects.toThrow(/got 2 and 1/);
    await expect(writeStatistics(path, { fid: { mu: [Number.NaN], sigma: [1] } })).rejects.toThrow(
      /NaN or infinity in fid/,
    );
    await expect(writeStatistics(join(folder, 'a.mat'), { fid: result })).rejects.toThrow(/got .*a\.mat/);
    await expect(readStatistics(path)).rejects.toThrow(/ENOENT/);
  });
});
