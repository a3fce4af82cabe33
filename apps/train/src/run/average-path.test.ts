import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { openSnapshots } from '@edm2/phema/node';
import { writeSafetensors } from '@edm2/tensor-files';
import { afterAll, expect, test } from 'vitest';
import type { AverageKey } from './run-averages.js';
import { averagePath } from './run-folder.js';

const folder = await mkdtemp(join(tmpdir(), 'average-path-'));
afterAll(() => rm(folder, { recursive: true }));

test('averages of two times in one thousand have two names, and phema tells them apart', async () => {
  const store = async (nimg: number, average: AverageKey): Promise<string> => {
    const path = await averagePath(folder, nimg, average);
    const length = average === 'halflife' ? {} : { sigmaRel: String(average) };
    const weight = { w: { shape: [1], data: Float32Array.of(nimg) } };
    await writeSafetensors(path, weight, { ...length, nimg: String(nimg) });
    return basename(path);
  };
  expect(await store(1200, 0.1)).toBe('network-snapshot-0000001-0.100.safetensors');
  expect(await store(1800, 0.1)).toBe('network-snapshot-0000001.800-0.100.safetensors');
  expect(await store(1800, 0.05)).toBe('network-snapshot-0000001-0.050.safetensors');
  expect(await store(60_000, 0.1)).toBe('network-snapshot-0000060-0.100.safetensors');
  expect(await store(60_000, 'halflife')).toBe('network-snapshot-0000060-halflife.safetensors');
  expect(await store(60_416, 'halflife')).toBe('network-snapshot-0000060.416-halflife.safetensors');
  // Where each is found again.
  expect(basename(await averagePath(folder, 1200, 0.1))).toBe('network-snapshot-0000001-0.100.safetensors');
  expect(basename(await averagePath(folder, 1800, 0.1))).toBe('network-snapshot-0000001.800-0.100.safetensors');
  const { snapshots, close } = await openSnapshots(folder);
  await close();
  expect(snapshots.map(({ nimg, sigmaRel }) => [nimg, sigmaRel])).toEqual([
    [1200, 0.1],
    [1800, 0.05],
    [1800, 0.1],
    [60_000, 0.1],
  ]);
});
