import { isStatisticsFile } from '@edm2/fid/node';
import { goldenPath, readGolden } from '@edm2/test-support';
import { type FeatureNetwork, readReference, referenceFingerprint } from 'edm2/parts';
import { describe, expect, test } from 'vitest';

const stored = readGolden('stats-tiny');
const dims = stored.get('fid.mu').shape[0] ?? 0;
const network: FeatureNetwork = {
  name: 'inception',
  figure: 'FID',
  metric: 'fid',
  dims,
  fingerprint: 'x',
  judge: () => ({ features: new Float32Array(0) }),
  dispose() {},
};

describe('reference statistics of published networks', () => {
  test.each([
    ['stats-tiny.pkl', 50_000],
    ['stats-tiny-np2-p5.pkl', 50_000],
    ['stats-tiny.npz', undefined],
    ['stats-tiny-deflated.npz', undefined],
    ['stats-tiny.safetensors', 50_000],
  ])('%s, as other tools write it', async (file, n) => {
    const reference = await readReference(goldenPath(file), network);
    expect(reference.n).toBe(n);
    expect(Float64Array.from(reference.mu)).toEqual(stored.get('fid.mu').data);
    expect(Float64Array.from(reference.sigma)).toEqual(stored.get('fid.sigma').data);
    expect(referenceFingerprint(reference)).toBe(
      referenceFingerprint(await readReference(goldenPath('stats-tiny.pkl'), network)),
    );
  });

  test('the other network, other widths, own features and code in a pickle are refused', async () => {
    const dino = await readReference(goldenPath('stats-tiny.pkl'), {
      ...network,
      metric: 'fd_dinov2',
      name: 'dinov2',
      dims: stored.get('fd_dinov2.mu').data.length,
    });
    expect(Float64Array.from(dino.mu)).toEqual(stored.get('fd_dinov2.mu').data);
    await expect(readReference(goldenPath('stats-tiny.npz'), { ...network, metric: 'fd_dinov2' })).rejects.toThrow(
      /those of another network/,
    );
    await expect(readReference(goldenPath('stats-tiny.pkl'), { ...network, dims: 2048 })).rejects.toThrow(/2048/);
    const { metric: _, ...own } = network;
    await expect(readReference(goldenPath('stats-tiny.pkl'), own)).rejects.toThrow(/expected a \.safetensors file/);
    await expect(readReference(goldenPath('refuse-global.pkl'), network)).rejects.toThrow(/refuse-global/);
  });

  test('what is no file of statistics is images', async () => {
    const names = [goldenPath('stats-tiny.npz'), 'b.PKL', 'c.safetensors', 'd.zip', 'folder'];
    expect(await Promise.all(names.map(isStatisticsFile))).toEqual([true, true, true, false, false]);
    // An array of samples, as ADM's scripts save them.
    expect(await isStatisticsFile(goldenPath('samples-tiny.npz'))).toBe(false);
  });
});
