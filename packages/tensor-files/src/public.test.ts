import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNpy, readNpz, readSafetensors, writeNpy, writeSafetensors } from '@edm2/tensor-files';
import { fromStateDict, type ParameterSpec, toStateDict } from '@edm2/tensor-files/tfjs';
import { goldenPath } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'tensor-files-public-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('safetensors', async () => {
  const path = join(folder, 'a.safetensors');
  await writeSafetensors(path, { w: { shape: [2, 1], data: Float32Array.of(1, 2) } }, { made: 'here' });
  const file = await readSafetensors(path);
  expect(file.metadata['made']).toBe('here');
  expect(await file.read('w')).toMatchObject({ shape: [2, 1], data: Float32Array.of(1, 2) });
  await file.close();
});

test('npy and npz', async () => {
  const path = join(folder, 'a.npy');
  await writeNpy(path, { shape: [3], data: Int32Array.of(1, 2, 3) });
  expect(await readNpy(path)).toMatchObject({ shape: [3], data: Int32Array.of(1, 2, 3) });
  expect(Object.keys(await readNpz(goldenPath('stats-tiny.npz'))).sort()).toEqual(['mu', 'sigma']);
});

test('state dicts: files’ layouts there, ours back', () => {
  const parameters: ParameterSpec[] = [
    { name: 'dense', shape: [2, 3], kind: 'weight' },
    { name: 'gain', shape: [], kind: 'gain' },
  ];
  const params = { dense: tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]), gain: tf.scalar(7) };
  const stored = toStateDict(parameters, params);
  expect(stored['dense']).toEqual({ shape: [3, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) });
  const back = fromStateDict(parameters, { ...stored, gain: { shape: [1], data: Float32Array.of(7) } });
  expect(back['dense']?.arraySync()).toEqual(params.dense.arraySync());
  expect(back['gain']?.shape).toEqual([]);
});
