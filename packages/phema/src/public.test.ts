import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs';
import {
  createPowerEma,
  gammaToSigmaRel,
  powerEmaBeta,
  profileDot,
  sigmaRelToGamma,
  synthesisWeights,
} from '@edm2/phema';
import { openSnapshots, reconstructFiles } from '@edm2/phema/node';
import { createPowerEma as createTensorEma, emaStep } from '@edm2/phema/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeGoldenRun } from './node/run.fixture.js';

let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'phema-public-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('profiles and synthesis', () => {
  const gamma = sigmaRelToGamma(0.1);
  expect(gammaToSigmaRel(gamma)).toBeCloseTo(0.1, 12);
  expect(powerEmaBeta(gamma, 64, 64)).toBe(0);
  expect(profileDot({ gamma, t: 1 }, { gamma, t: 2 })).toBeGreaterThan(0);
  const found = synthesisWeights([{ gamma, t: 64 }], { gamma, t: 64 });
  expect(Object.keys(found)).toEqual(
    expect.arrayContaining(['weights', 'profileError', 'residual', 'conditionNumber', 'sumAbs']),
  );
  expect(found.weights).toBeInstanceOf(Float64Array);
  expect(found.weights[0]).toBeCloseTo(1, 12);
});

test('trackers, on arrays and on tensors', () => {
  const tracker = createPowerEma();
  tracker.update({ w: Float32Array.of(1) }, { t: 1, dt: 1 });
  tracker.update({ w: Float32Array.of(2) }, { t: 2, dt: 1 });
  const again = createPowerEma({ sigmaRels: [0.05, 0.1] });
  again.restore(tracker.state());
  expect(again.values(0.05)).toEqual(tracker.values(0.05));

  const tensors = createTensorEma({ sigmaRels: [0.05, 0.1] });
  tensors.update({ w: tf.tensor1d([1]) }, { t: 1, dt: 1 });
  tensors.update({ w: tf.tensor1d([2]) }, { t: 2, dt: 1 });
  const [expected] = (tracker.values(0.1) as { w: Float32Array }).w;
  const [value] = (tensors.values(0.1) as { w: tf.Tensor }).w.dataSync();
  expect(value).toBeCloseTo(expected ?? Number.NaN, 6);
  const { '0.1': track } = emaStep({ '0.1': { w: tf.tensor1d([1]) } }, { w: tf.tensor1d([2]) }, 2, 1);
  expect(track?.['w']?.dataSync()[0]).toBeCloseTo(expected ?? Number.NaN, 6);
});

test('files', async () => {
  await writeGoldenRun(join(folder, 'run'));
  const set = await openSnapshots(join(folder, 'run'));
  expect(set.snapshots.length).toBeGreaterThan(1);
  const t = set.times.at(-1) ?? Number.NaN;
  await set.close();
  const told: unknown[] = [];
  const { outputs } = await reconstructFiles({
    input: join(folder, 'run'),
    output: join(folder, 'averages'),
    sigmaRels: [0.12],
    t,
    dtype: 'F32',
    onProgress: (progress) => void told.push(progress),
    signal: new AbortController().signal,
  });
  expect(outputs.map(({ sigmaRel }) => sigmaRel)).toEqual([0.12]);
  expect(told.length).toBeGreaterThan(0);
});
