import { mkdirSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { writeSafetensors } from '@edm2/tensor-files';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { listPreviews, listStates, previewPath, pruneStates, statePath } from './run-folder.js';
import { storedPosition } from './stored-run.js';

const scratch = await mkdtemp(join(tmpdir(), 'state-path-'));
afterAll(() => rm(scratch, { recursive: true }));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(scratch, 'run-'));
});

async function store(nimg: number): Promise<string> {
  const path = await statePath(folder, nimg);
  const weight = { 'params/w': { shape: [1], data: Float32Array.of(nimg) } };
  await writeSafetensors(path, weight, { position: JSON.stringify({ nimg }) });
  return basename(path);
}
const listed = async (): Promise<string[]> => (await listStates(folder)).map((path) => basename(path));

test('training states of one thousand images have names of their own, newest first', async () => {
  expect(await store(200)).toBe('training-state-0000000.safetensors');
  expect(await store(400)).toBe('training-state-0000000.400.safetensors');
  expect(await store(1200)).toBe('training-state-0000001.safetensors');
  expect(await store(1800)).toBe('training-state-0000001.800.safetensors');
  expect(await store(1450)).toBe('training-state-0000001.450.safetensors');
  expect(await store(60_416)).toBe('training-state-0000060.safetensors');
  expect(await listed()).toEqual([
    'training-state-0000060.safetensors',
    'training-state-0000001.800.safetensors',
    'training-state-0000001.450.safetensors',
    'training-state-0000001.safetensors',
    'training-state-0000000.400.safetensors',
    'training-state-0000000.safetensors',
  ]);
  await pruneStates(folder);
  expect(await listed()).toEqual(['training-state-0000060.safetensors', 'training-state-0000001.800.safetensors']);
  expect((await storedPosition(folder))?.nimg).toBe(60_416);
});

test('the short name of a thousand is not taken anew while later states of it are there', async () => {
  for (const nimg of [1200, 1500, 1800]) await store(nimg);
  await pruneStates(folder);
  expect(await store(1900)).toBe('training-state-0000001.900.safetensors');
  expect((await storedPosition(folder))?.nimg).toBe(1900);
});

test('the same time, and one that cannot be read, are written over under their own name', async () => {
  expect(await store(1200)).toBe('training-state-0000001.safetensors');
  expect(await store(1200)).toBe('training-state-0000001.safetensors');
  await truncate(join(folder, 'training-state-0000001.safetensors'), 10);
  expect(await store(1700)).toBe('training-state-0000001.safetensors');
});

test('previews tell their times apart, and older ones are still listed', async () => {
  mkdirSync(join(folder, 'previews'));
  const times = [200, 800, 1000, 1200, 60_416];
  expect(times.map((nimg) => basename(previewPath(folder, nimg)))).toEqual([
    '0000000.200.png',
    '0000000.800.png',
    '0000001.png',
    '0000001.200.png',
    '0000060.416.png',
  ]);
  for (const nimg of times) await writeFile(previewPath(folder, nimg), '');
  await writeFile(join(folder, 'previews', '0000030.png'), '');
  expect((await listPreviews(folder)).map(({ nimg }) => nimg)).toEqual([200, 800, 1000, 1200, 30_000, 60_416]);
});
