import '@tensorflow/tfjs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUNet } from '@edm2/edm2-unet';
import { createUncertainty } from '@edm2/loss-weighting';
import { adam, createTrainStep, learningRate } from '@edm2/training';
import { loadState, saveState } from '@edm2/training/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'training-public-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('every public name does what the reference says', async () => {
  const rate = (options: object) => learningRate(4096, { ref: 0.01, decayBatches: 100, batch: 64, ...options });
  expect(rate({})).toBe(rate({ rampupMimg: 10 }));
  expect(rate({ rampupMimg: 0 })).toBe(0.01);

  const unet = createUNet({
    imgResolution: 4,
    imgChannels: 1,
    labelDim: 0,
    modelChannels: 8,
    channelMult: [1],
    numBlocks: 1,
    attnResolutions: [],
  });
  const options = { unet, uncertainty: createUncertainty(), sigmaData: 0.5, emaSigmaRels: [0.05, 0.1] };
  const { init, step } = createTrainStep({ ...options, optimizer: adam({ beta1: 0.9, beta2: 0.99, eps: 1e-8 }) });
  const before = init(1);
  const image = tf.ones<tf.Rank.R4>([2, 4, 4, 1]);
  const { state } = step(before, {
    images: image,
    noise: image,
    sigma: tf.tensor1d([1, 2]),
    learningRate: tf.scalar(0.01),
    t: tf.scalar(2),
    dt: tf.scalar(2),
  });
  expect(Object.keys(state).sort()).toEqual(['ema', 'moments', 'params', 'uncertainty']);
  expect(Object.keys(state.ema)).toEqual(['0.05', '0.1']);

  const path = join(folder, 'state.safetensors');
  await saveState(path, state, { nimg: '2' });
  const loaded = await loadState(path);
  expect(loaded.metadata['nimg']).toBe('2');
  for (const [name, value] of Object.entries(state.params))
    expect(loaded.state.params[name]?.dataSync(), name).toEqual(value.dataSync());
});
