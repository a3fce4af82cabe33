import '@tensorflow/tfjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUNet, initParams, type Params, type UNetOptions } from '@edm2/edm2-unet';
import { loadNetwork, saveNetwork } from '@edm2/edm2-unet/node';
import { maxAbsoluteError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));
const scratch = mkdtempSync(join(tmpdir(), 'edm2-augment-labels-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const plain = {
  imgResolution: 8,
  imgChannels: 1,
  modelChannels: 8,
  channelMult: [1, 2],
  numBlocks: 1,
  attnResolutions: [4],
  channelsPerHead: 8,
} satisfies UNetOptions;
const x = (): tf.Tensor4D => tf.randomNormal([2, 8, 8, 1], 0, 1, 'float32', 1);
const cNoise = (): tf.Tensor1D => tf.tensor1d([0.1, -0.2]);
const zeros = (): tf.Tensor => tf.zeros([2, 9]);
const told = (): tf.Tensor => tf.oneHot([0, 4], 9).cast('float32');
const difference = (a: tf.Tensor, b: tf.Tensor): number => maxAbsoluteError(a.dataSync(), b.dataSync());
/** Gains at 1, so that the embedding is felt. */
const felt = (params: Params): Params =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, name.endsWith('gain') ? tf.onesLike(value) : value]),
  );

test.each(['A', 'B', 'C', 'E', 'G'] as const)(
  'config %s: labels are felt; zeros, none, and a network without them agree',
  (config) => {
    const unet = createUNet({ ...plain, config, augmentDim: 9 });
    const bare = createUNet({ ...plain, config });
    // Last layers of A and B begin at zero.
    const params = felt(
      Object.fromEntries(
        Object.entries(initParams(unet, 3)).map(([name, value]) => [
          name,
          name.includes('conv_res1') || name.includes('out_conv')
            ? tf.randomNormal(value.shape, 0, 1, 'float32', 2)
            : value,
        ]),
      ),
    );
    const [layer] = unet.parameters.filter(({ name }) => name.includes('augment'));
    expect(layer).toMatchObject({ name: 'unet.emb_augment.weight', shape: [9, 16], kind: 'weight' });
    expect(unet.parameters.length).toBe(bare.parameters.length + 1);
    const none = unet.apply(params, x(), cNoise());
    expect(difference(unet.apply(params, x(), cNoise(), undefined, { augmentLabels: zeros() }), none)).toBe(0);
    expect(difference(bare.apply(params, x(), cNoise()), none)).toBe(0);
    expect(difference(unet.apply(params, x(), cNoise(), undefined, { augmentLabels: told() }), none)).toBeGreaterThan(
      1e-3,
    );
  },
);

test('files hold the layer and its width; files without it load as they did', async () => {
  for (const options of [plain, { ...plain, augmentDim: 9 }]) {
    const unet = createUNet(options);
    const path = join(scratch, `${Object.keys(options).length}.safetensors`);
    await saveNetwork(path, { unet, params: initParams(unet, 1) });
    const { unet: read } = await loadNetwork(path);
    expect(read.config).toEqual(unet.config);
    expect('augmentDim' in read.config).toBe('augmentDim' in options);
  }
});

test('labels that do not fit are refused', () => {
  const unet = createUNet({ ...plain, augmentDim: 9 });
  const params = initParams(unet, 1);
  const wrong = { augmentLabels: tf.zeros([2, 8]) };
  expect(() => unet.apply(params, x(), cNoise(), undefined, wrong)).toThrow(
    /expected augmentLabels of shape \[2,9\], got \[2,8\]/,
  );
  expect(() => createUNet(plain).apply(params, x(), cNoise(), undefined, { augmentLabels: zeros() })).toThrow(
    /expected no augmentLabels, got some\. Make the network with augmentDim/,
  );
  expect(() => createUNet({ ...plain, augmentDim: 1.5 })).toThrow(/expected augmentDim as a positive integer/);
});
