import '@tensorflow/tfjs';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdOut } from '@edm2/app-kit/data/hold-out';
import { createLoader, openDataset, pixelsToUnit } from '@edm2/dataset';
import { createUNet, initParams } from '@edm2/edm2-unet';
import { startEngine } from '@edm2/engine';
import { createRandom } from '@edm2/random';
import * as tf from '@tensorflow/tfjs-core';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunConfig } from '../../options/run-config.js';
import { openValidation } from './open-validation.js';
import { createValidation } from './validation.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-validation-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const SIDE = 4;
const at = (name: string): string => join(scratch, name);
/** Images of two classes, each with a value of its own. */
function put(folder: string, count: number, classes = ['a', 'b'], side = SIDE, first = 0): void {
  for (let i = 0; i < count; i++) {
    const place = join(at(folder), classes[i % classes.length] ?? '');
    mkdirSync(place, { recursive: true });
    // The last column tells an image from its mirror image.
    const data = Uint8Array.from({ length: side * side }, (_, p) => first + 5 * i + ((p + 1) % side === 0 ? 1 : 0));
    writeFileSync(join(place, `${i}.png`), encode({ width: side, height: side, channels: 1, depth: 8, data }));
  }
}
beforeAll(() => {
  put('data', 20);
  put('others', 6, ['a', 'b'], SIDE, 3);
  put('classes', 6, ['a', 'c']);
  put('large', 6, ['a', 'b'], 8);
});
const network = {
  imgResolution: SIDE,
  imgChannels: 1,
  labelDim: 2,
  modelChannels: 4,
  channelMult: [1],
  numBlocks: 1,
  attnResolutions: [],
  channelsPerHead: 4,
};
const config = { seed: 3, pMean: -0.4, pStd: 1, sigmaData: 0.5, batchGpu: 4, network } as unknown as RunConfig;

describe('what is held out', () => {
  test.each([false, true])(
    'is never trained on, nor its mirror image (xflip %s); the seed chooses it',
    async (xflip) => {
      const dataset = await openDataset(at('data'), { xflip });
      const { train, heldOut } = holdOut(dataset, 5, 1);
      const length = xflip ? 2 : 1;
      expect([train.sourceLength, heldOut.sourceLength, train.length]).toEqual([15, 5, 15 * length]);
      const held = Array.from({ length: heldOut.length }, (_, i) => heldOut.name(i));
      const seen = new Map<string, number>();
      for await (const { indices } of createLoader(train, { batch: 7, endImage: 2 * train.length }))
        for (const index of indices) seen.set(train.name(index), (seen.get(train.name(index)) ?? 0) + 1);
      expect(new Set([...seen.keys(), ...held]).size).toBe(20);
      expect(seen.size).toBe(15);
      expect([...seen.values()]).toEqual(new Array(15).fill(2 * length));
      // Labels and pixels are the image's own.
      for (let i = 0; i < train.length; i++) {
        const [, name = ''] = /([ab])\/(\d+)\.png/.exec(train.name(i)) ?? [];
        expect(train.classOf(i)).toBe(name === 'a' ? 0 : 1);
        const value = 5 * Number(/(\d+)\.png/.exec(train.name(i))?.[1]);
        const mirrored = i >= train.sourceLength;
        expect([...(await train.read(i)).subarray(0, SIDE)]).toEqual(
          mirrored ? [value + 1, value, value, value] : [value, value, value, value + 1],
        );
      }
      const names = (seed: number) => Array.from({ length: 5 }, (_, i) => holdOut(dataset, 5, seed).heldOut.name(i));
      expect(names(1)).toEqual(held.slice(0, 5));
      expect(names(2)).not.toEqual(names(1));
      await dataset.close();
    },
  );

  test('is a share, or a folder of images alike', async () => {
    const dataset = await openDataset(at('data'));
    const open = (validation: string | number) => openValidation(dataset, { ...config, validation });
    expect((await open(0.25))?.heldOut.length).toBe(5);
    const folder = await open(at('others'));
    expect([folder?.train.length, folder?.heldOut.length]).toEqual([20, 6]);
    await folder?.close();
    await expect(open(0.01)).rejects.toThrow(/got 0\.01 of 20 images, 0 of them/);
    await expect(open(0.99)).rejects.toThrow(/got 0\.99 of 20 images, 20 of them/);
    await expect(open(at('large'))).rejects.toThrow(
      /--validation: expected images of 4×4, got images of 8×8 in .*convert --source .*large --dest large-4\.zip .* --resolution 4x4/,
    );
    await expect(open(at('classes'))).rejects.toThrow(/got classes a,c instead of a,b/);
    await expect(open(at('data'))).rejects.toThrow(/got the very same ones/);
    await dataset.close();
  });
});

test('losses are λ(σ)·MSE at eighths of the training’s noise levels, on the seed’s noise', async () => {
  const dataset = await openDataset(at('data'));
  const { train, heldOut } = holdOut(dataset, 6, 1);
  const unet = createUNet({ config: 'G', ...network });
  const params = initParams(unet, 1);
  const engine = await startEngine('cpu');
  const validation = await createValidation({ config, unet, engine, training: train, heldOut });
  const losses = validation.measure(params);
  expect(losses.images).toBe(6);
  expect(validation.measure(params)).toEqual(losses);

  // A new network of config G adds nothing: D = c_skip·x.
  const streams = createRandom(config.seed);
  const chosen = streams.stream('validation', 'heldOut', 'images').permutation(6);
  for (const [level, sigma] of losses.sigmas.entries()) {
    let sum = 0;
    for (const [i, index] of chosen.entries()) {
      const image = pixelsToUnit((await heldOut.read(index)) as Uint8Array);
      const noise = streams.stream('validation', 'heldOut', 'noise', i, level).normal(SIDE * SIDE);
      const skip = 0.25 / (sigma ** 2 + 0.25);
      const errors = Array.from(image, (y, k) => (skip * (y + sigma * (noise[k] ?? 0)) - y) ** 2);
      sum += (1 / sigma ** 2 + 4) * (errors.reduce((a, b) => a + b) / errors.length);
    }
    expect(losses.heldOut[level]).toBeCloseTo(sum / 6, 4);
  }
  expect(losses.sigmas[0]).toBeCloseTo(Math.exp(-0.4 - 1.534121), 6);
  expect(losses.training).not.toEqual(losses.heldOut);
  expect(losses.training).toHaveLength(8);
  validation.dispose();
  tf.dispose(params);
  await dataset.close();
});
