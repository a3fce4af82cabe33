import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import type { RunConfig } from '../options/run-config.js';
import { chooseEngine } from './choose-engine.js';

const config: RunConfig = {
  format: 'edm2-run-1',
  preset: 'mnist',
  config: 'G',
  data: '',
  dataFingerprint: '',
  seed: 0,
  duration: 64,
  batch: 2,
  batchGpu: 2,
  status: 64,
  snapshot: 64,
  checkpoint: 64,
  preview: 64,
  lr: 0.01,
  decay: 0,
  rampupMimg: 0,
  dropout: 0,
  pMean: -0.8,
  pStd: 1.4,
  sigmaData: 0.5,
  beta2: 0.99,
  precision: 'float32',
  lossScale: 1,
  uncertainty: true,
  emaHalfLife: 0,
  xflip: false,
  augment: 0,
  emaRampup: 0,
  emaSigmaRels: [0.05, 0.1],
  network: {
    imgResolution: 8,
    imgChannels: 1,
    labelDim: 2,
    modelChannels: 8,
    channelMult: [1],
    numBlocks: 1,
    attnResolutions: [],
    channelsPerHead: 8,
  },
};

test('tune times what compiles here, takes the fastest, says so and leaves nothing behind', async () => {
  const before = tf.memory().numTensors;
  const report = await chooseEngine('tune', config, {});
  expect(report.engine).toBeDefined();
  expect(report.why).toMatch(new RegExp(`^${report.name} .*the fastest here: .*onnxruntime \\d+ ms a step`));
  expect(tf.getBackend()).toBe(report.backend);
  expect(tf.memory().numTensors).toBe(before);
});

test('a name is passed on', async () => {
  expect((await chooseEngine('onnxruntime', config, {})).name).toBe('onnxruntime');
});
