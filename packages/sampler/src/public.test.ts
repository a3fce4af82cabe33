import '@tensorflow/tfjs';
import { dpmpp2m, euler, guide, heun, karrasSchedule, sampleSeeds } from '@edm2/sampler';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

/** Of images of zeros: the sampler must arrive at zero. */
const zeros = (x: tf.Tensor): tf.Tensor => tf.zerosLike(x);
const noise = tf.ones([1, 2, 2, 1]);

test('the schedule’s defaults are those of the reference, and it ends in 0', () => {
  const sigmas = karrasSchedule();
  expect(sigmas).toEqual(karrasSchedule({ steps: 32, sigmaMin: 0.002, sigmaMax: 80, rho: 7 }));
  expect(sigmas).toHaveLength(33);
  expect([sigmas[0], sigmas[32]]).toEqual([80, 0]);
});

test.each([
  ['euler', euler],
  ['heun', heun],
  ['dpmpp2m', dpmpp2m],
])('%s takes every option', async (_, solver) => {
  const steps: number[] = [];
  const x = await solver(async (y) => zeros(y), noise, {
    sigmas: karrasSchedule({ steps: 4 }),
    labels: tf.ones([1, 2]),
    ...(solver === dpmpp2m ? {} : { churn: { sChurn: 1 }, random: () => tf.ones([1, 2, 2, 1]) }),
    onStep: ({ step }) => void steps.push(step),
    signal: new AbortController().signal,
  });
  expect(steps).toEqual([0, 1, 2, 3]);
  expect(Math.max(...x.dataSync().map(Math.abs))).toBeLessThan(1e-5);
});

test('guide and sampleSeeds', async () => {
  const ones = (x: tf.Tensor): tf.Tensor => tf.onesLike(x);
  const guided = guide({ main: ones, guide: zeros, weight: 3, interval: [0.1, 10] });
  const at = async (level: number) => (await guided(noise, tf.tensor1d([level]))).dataSync()[0];
  expect([await at(1), await at(20)]).toEqual([3, 1]);
  const seen: number[] = [];
  const options = { denoiser: zeros, seeds: [4, 9, 2], shape: [2, 2, 1], labels: 3, solver: euler, batch: 2 };
  for await (const { seeds, images } of sampleSeeds(options)) {
    expect(images.shape).toEqual([seeds.length, 2, 2, 1]);
    seen.push(...seeds);
  }
  expect(seen).toEqual([4, 9, 2]);
});
