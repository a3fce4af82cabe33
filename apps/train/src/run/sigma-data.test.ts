import { openDenoiser } from 'edm2/parts';
import '@tensorflow/tfjs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { precondition } from '@edm2/edm2-unet';
import { loadNetwork } from '@edm2/edm2-unet/node';
import { reconstructFiles } from '@edm2/phema/node';
import { heun, karrasSchedule } from '@edm2/sampler';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunConfig } from '../options/run-config.js';
import { buildNetwork } from './network.js';
import { averagePath } from './run-folder.js';
import { writeSnapshots } from './stored-run.js';

let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'edm2-sigma-data-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What snapshots are made from: the rest of a run's configuration has no part in them. */
const config = {
  config: 'G',
  preset: 'tiny',
  network: { imgResolution: 8, imgChannels: 1, labelDim: 0, modelChannels: 8, channelMult: [1], numBlocks: 1 },
  switches: {},
  dropout: 0,
  uncertainty: true,
  beta2: 0.99,
  emaSigmaRels: [0.05, 0.1],
  emaHalfLife: 0,
  xflip: false,
  augment: 0,
  emaRampup: 0,
  precision: 'float32',
  lossScale: 1,
  sigmaData: 0.3,
} as unknown as RunConfig;

it('a network trained on data of another spread is sampled as it was trained, through every file', async () => {
  const { unet, training } = buildNetwork(config);
  const state = training.init(1);
  // Averages as after some training: the output's gain is 0 at the start, and D(x; σ) would not depend on the network.
  const gain = tf.scalar(0.7);
  for (const track of Object.values(state.ema)) track['unet.out_gain'] = gain;
  await writeSnapshots(folder, unet, state, 1024, config);
  await writeSnapshots(folder, unet, state, 2048, config);

  const snapshot = await averagePath(folder, 2048, 0.1);
  const { outputs } = await reconstructFiles({ input: folder, output: join(folder, 'ema'), sigmaRels: [0.08] });
  const noise = tf.mul(tf.randomNormal([1, 8, 8, 1], 0, 1, 'float32', 3), 1) as tf.Tensor4D;
  const sigmas = karrasSchedule({ steps: 4 });
  for (const path of [snapshot, outputs[0]?.path ?? '']) {
    const { params, sigmaData } = await loadNetwork(path);
    expect(sigmaData).toBe(0.3);
    const opened = await openDenoiser(path, {});
    const sampled = (await heun(opened.denoise, noise, { sigmas })).dataSync();
    const direct = async (spread: number) =>
      (
        await heun(
          (x, sigma) => precondition(unet, { sigmaData: spread })(params)(x as tf.Tensor4D, sigma as tf.Tensor1D),
          noise,
          { sigmas },
        )
      ).dataSync();
    const right = await direct(0.3);
    const wrong = await direct(0.5);
    const furthest = (a: ArrayLike<number>) =>
      Math.max(...Array.from(a, (value, i) => Math.abs(value - (sampled[i] ?? Number.NaN))));
    expect(furthest(right)).toBeLessThan(1e-5);
    expect(furthest(wrong)).toBeGreaterThan(0.05);
    opened.dispose();
  }
});
