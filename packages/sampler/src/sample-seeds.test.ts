import '@tensorflow/tfjs';
import {
  type Denoiser,
  dpmpp2m,
  karrasSchedule,
  type SampleSeedsOptions,
  sampleSeeds,
  seedClass,
  seedNoise,
} from '@edm2/sampler';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { gaussianDenoiser } from './gaussian.fixture.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Pulls towards a value given by the label, so that a wrong label shows. */
const labelled: Denoiser = (x, sigma, labels) =>
  tf.tidy(() => {
    const denoised = gaussianDenoiser(x, sigma) as tf.Tensor;
    if (!labels) return denoised;
    const classes = tf.range(0, labels.shape[1] ?? 0);
    return tf.add(denoised, tf.reshape(tf.sum(tf.mul(labels, classes), 1), [-1, 1, 1, 1]));
  });

async function collect(options: Omit<SampleSeedsOptions, 'shape'>): Promise<Map<number, number[]>> {
  const images = new Map<number, number[]>();
  for await (const part of sampleSeeds({ shape: [2, 2, 3], sigmas: karrasSchedule({ steps: 4 }), ...options })) {
    expect(part.images.shape).toEqual([part.seeds.length, 2, 2, 3]);
    const values = part.images.dataSync();
    part.seeds.forEach((seed, i) => {
      images.set(seed, [...values.slice(i * 12, (i + 1) * 12)]);
    });
    part.images.dispose();
  }
  return images;
}

describe('sampleSeeds', () => {
  it.each([
    ['plain', {}],
    ['labelled by class', { labels: 10 }],
    ['labelled by function', { labels: (seed: number) => [0, 1, seed % 7] }],
    ['churned', { churn: { sChurn: 2 }, labels: 3 }],
    ['another solver', { solver: dpmpp2m }],
  ])('gives each seed its image, bit for bit, in any batch: %s', async (_, options) => {
    const before = tf.memory().numTensors;
    const seeds = [0, 1, 2, 3, 42, -7, 123456789];
    const together = await collect({ denoiser: labelled, seeds, ...options });
    expect([...together.keys()]).toEqual(seeds);
    expect(new Set([...together.values()].map(String)).size).toBe(seeds.length);
    for (const batch of [1, 2, 3, 7, 10])
      expect(await collect({ denoiser: labelled, seeds, batch, ...options })).toEqual(together);
    const reversed = await collect({ denoiser: labelled, seeds: seeds.toReversed(), batch: 4, ...options });
    for (const seed of seeds) expect(reversed.get(seed)).toEqual(together.get(seed));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('calls the denoiser with one batch size only, and yields no padding', async () => {
    const sizes = new Set<string>();
    const denoiser: Denoiser = (x, sigma, labels) => {
      sizes.add(`${x.shape} ${sigma.shape} ${labels?.shape}`);
      return tf.zerosLike(x);
    };
    const seen: number[][] = [];
    for await (const { seeds, images } of sampleSeeds({
      denoiser,
      seeds: [1, 2, 3, 4, 5],
      shape: [2, 2, 3],
      labels: 4,
      batch: 3,
    })) {
      seen.push(seeds);
      images.dispose();
    }
    expect(seen).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect([...sizes]).toEqual(['3,2,2,3 3 3,4']);
  });

  it('splits evenly when no batch is given', async () => {
    const sizes: number[] = [];
    const seeds = Array.from({ length: 100 }, (_, i) => i);
    for await (const part of sampleSeeds({ denoiser: (x) => tf.zerosLike(x), seeds, shape: [1], sigmas: [1, 0] })) {
      sizes.push(part.seeds.length);
      part.images.dispose();
    }
    expect(sizes).toEqual([50, 50]);
    for await (const _ of sampleSeeds({ denoiser: gaussianDenoiser, seeds: [], shape: [1] })) expect.unreachable();
  });

  it('takes labels as a function that returns classes', async () => {
    const seeds = [0, 1, 2, 3, 4];
    const rows = (seed: number) => [0, 1, 2, 3].map((c) => Number(c === seed % 4));
    const byRow = await collect({ denoiser: labelled, seeds, labels: rows, batch: 2 });
    const byClass = await collect({ denoiser: labelled, seeds, labels: (seed) => seed % 4, labelDim: 4, batch: 2 });
    expect(byClass).toEqual(byRow);
    expect(await collect({ denoiser: labelled, seeds, labels: rows, labelDim: 4, batch: 2 })).toEqual(byRow);
  });

  it.each<[string, Partial<SampleSeedsOptions>, RegExp]>([
    ['a class without labelDim', { labels: () => 3 }, /row of labels for seed 7, or a class and labelDim, got class 3/],
    ['a class beyond labelDim', { labels: () => 10, labelDim: 10 }, /a class from 0 to 9 for seed 7, got 10/],
    ['half a class', { labels: () => 1.5, labelDim: 10 }, /a class from 0 to 9 for seed 7, got 1.5/],
    ['a row of another length', { labels: () => [1, 0], labelDim: 3 }, /a row of length 3 for seed 7, got length 2/],
    ['nothing', { labels: (() => undefined) as never }, /a class or a row of numbers for seed 7, got undefined/],
    ['a tensor from the function', { labels: (() => tf.zeros([3])) as never }, /got an object. A tensor is read with/],
    [
      'another number of classes',
      { labels: 3, labelDim: 4 },
      /4 classes, as labelDim says, got 3. A number draws each/,
    ],
    ['class numbers as a tensor', { labels: tf.tensor1d([3]), labelDim: 4 }, /shape \[1, 4\], one row .* tf.oneHot/],
    ['a bad labelDim', { labels: 4, labelDim: 1.5 }, /labelDim as a whole number, .* got 1.5/],
    ['a misspelled option', { label: 3 } as never, /expected options among .*, got label. Did you mean labels\?/],
  ])('refuses %s', async (_, options, message) => {
    const before = tf.memory().numTensors;
    await expect(collect({ denoiser: labelled, seeds: [7], ...options })).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 1); // the tensor that the case itself makes
  });

  it('takes labels as a row per seed', async () => {
    const seeds = [5, 6, 7];
    const labels = tf.tensor2d([
      [0, 1],
      [1, 0],
      [0, 1],
    ]);
    const rows: Record<number, number[]> = { 5: [0, 1], 6: [1, 0], 7: [0, 1] };
    const byTensor = await collect({ denoiser: labelled, seeds, labels, batch: 2 });
    expect(byTensor).toEqual(
      await collect({ denoiser: labelled, seeds, labels: (seed) => rows[seed] ?? [], batch: 2 }),
    );
    await expect(collect({ denoiser: labelled, seeds: [5], labels })).rejects.toThrow(/labels of shape \[1, L\]/);
    labels.dispose();
  });

  it('draws classes evenly and noise of unit spread', () => {
    const counts = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 5000; seed++) counts[seedClass(seed, 10)] = (counts[seedClass(seed, 10)] ?? 0) + 1;
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(110);
    const values = seedNoise(3, [100, 100]);
    expect(values.reduce((sum, v) => sum + v * v, 0) / 10_000).toBeCloseTo(1, 1);
  });

  it('leaks nothing when left early, aborted or failing', async () => {
    const before = tf.memory().numTensors;
    const base = { denoiser: labelled, seeds: [1, 2, 3, 4], shape: [2, 2, 3], batch: 2, labels: 3 };
    for await (const { images } of sampleSeeds(base)) {
      images.dispose();
      break;
    }
    const controller = new AbortController();
    let steps = 0;
    const aborted = async () => {
      for await (const { images } of sampleSeeds({
        ...base,
        signal: controller.signal,
        onStep: () => {
          if (++steps === 40) controller.abort();
        },
      }))
        images.dispose();
    };
    await expect(aborted()).rejects.toThrow(/abort/i);
    const uneven = (seed: number) => new Array<number>(seed).fill(0);
    await expect(collect({ denoiser: labelled, seeds: [1, 2], labels: uneven })).rejects.toThrow(
      /label rows of one length/,
    );
    await expect(collect({ denoiser: labelled, seeds: [1], batch: 0 })).rejects.toThrow(RangeError);
    await expect(collect({ denoiser: labelled, seeds: [1.5] })).rejects.toThrow(RangeError);
    await expect(collect({ denoiser: labelled, seeds: [1], labels: -1 })).rejects.toThrow(RangeError);
    expect(tf.memory().numTensors).toBe(before);
  });
});
