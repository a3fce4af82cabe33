import '@tensorflow/tfjs';
import { type Denoiser, euler, guide, heun, karrasSchedule } from '@edm2/sampler';
import { maxAbsoluteError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const constant =
  (value: number, log: number[] = []): Denoiser =>
  (x, sigma) => {
    log.push(sigma.dataSync()[0] ?? Number.NaN);
    return tf.fill(x.shape, value);
  };
const later =
  (denoiser: Denoiser): Denoiser =>
  async (...args) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return denoiser(...args);
  };

describe('guide', () => {
  it('is D_guide + w·(D_main − D_guide), sync or async', async () => {
    const x = tf.zeros([2, 3]);
    const sigma = tf.ones([2]);
    const before = tf.memory().numTensors;
    const plain = guide({ main: constant(5), guide: constant(2), weight: 1.5 })(x, sigma);
    expect(plain).toBeInstanceOf(tf.Tensor);
    for (const [main, reference] of [
      [constant(5), later(constant(2))],
      [later(constant(5)), constant(2)],
      [later(constant(5)), later(constant(2))],
    ] as const) {
      const result = await guide({ main, guide: reference, weight: 1.5 })(x, sigma);
      expect(result.dataSync()).toEqual((plain as tf.Tensor).dataSync());
      result.dispose();
    }
    expect([...(plain as tf.Tensor).dataSync()]).toEqual(new Array(6).fill(6.5));
    tf.dispose(plain as tf.Tensor);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x, sigma]);
  });

  it('hands labels to both', async () => {
    const seen: unknown[] = [];
    const log: Denoiser = (x, _, labels) => {
      seen.push(labels);
      return tf.clone(x);
    };
    const labels = tf.ones([1, 2]);
    await guide({ main: log, guide: log, weight: 2 })(tf.zeros([1, 1]), tf.ones([1]), labels);
    expect(seen).toEqual([labels, labels]);
  });

  it('takes a number as the noise level of all images', async () => {
    const x = tf.zeros([2, 3]);
    const before = tf.memory().numTensors;
    for (const weight of [1, 2])
      for (const interval of [undefined, [0.5, 2]] as const) {
        const log: number[] = [];
        const main = constant(5, log);
        const result = await guide({ main, guide: constant(2, log), weight, interval })(x, 1.5 as never);
        expect(result.dataSync()[0]).toBe(weight === 1 ? 5 : 8);
        expect(new Set(log)).toEqual(new Set([1.5]));
        result.dispose();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    expect(tf.memory().numTensors).toBe(before);
  });

  it('does not evaluate the guide at weight 1 or outside (lo, hi], where it is main alone', async () => {
    const sigmas = karrasSchedule({ steps: 6, sigmaMin: 0.1, sigmaMax: 10 });
    const lo = sigmas[4] as number;
    const hi = sigmas[2] as number;
    const mainLog: number[] = [];
    const guideLog: number[] = [];
    const noise = tf.ones([1, 2]);
    const guided = guide({ main: constant(1, mainLog), guide: constant(0, guideLog), weight: 3, interval: [lo, hi] });
    const before = tf.memory().numTensors;
    const x = await euler(guided, noise, { sigmas });
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(mainLog.length).toBe(6);
    // lo itself is outside, hi inside.
    expect(maxAbsoluteError(guideLog, [sigmas[2] as number, sigmas[3] as number])).toBeLessThan(1e-6);
    guideLog.length = 0;
    const y = await heun(guide({ main: constant(1), guide: constant(0, guideLog), weight: 1 }), noise, { sigmas });
    expect(guideLog).toEqual([]);
    tf.dispose([x, y, noise]);
  });

  it('called on its own, reads each row’s noise level', async () => {
    const guideLog: number[] = [];
    const guided = guide({ main: constant(1), guide: constant(0, guideLog), weight: 3, interval: [1, 2] });
    const x = tf.zeros([3, 1]);
    const at = async (levels: number[]) => {
      const sigma = tf.tensor1d(levels);
      const result = await guided(x, sigma);
      const values = [...result.dataSync()];
      tf.dispose([sigma, result]);
      return values;
    };
    const before = tf.memory().numTensors;
    expect(await at([1, 1.5, 2])).toEqual([1, 3, 3]);
    expect(await at([2, 2, 2])).toEqual([3, 3, 3]);
    expect(guideLog.length).toBe(2);
    expect(await at([1, 3, 1])).toEqual([1, 1, 1]);
    expect(guideLog.length).toBe(2);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });

  it('frees the other’s result when one fails, now or later', async () => {
    const failing: Denoiser = () => {
      throw new Error('no guide');
    };
    const x = tf.zeros([1, 1]);
    const sigma = tf.ones([1]);
    const before = tf.memory().numTensors;
    for (const [main, reference] of [
      [constant(1), failing],
      [failing, constant(1)],
      [constant(1), later(failing)],
      [later(failing), constant(1)],
      [later(constant(1)), failing],
    ] as const)
      await expect((async () => guide({ main, guide: reference, weight: 2 })(x, sigma))()).rejects.toThrow('no guide');
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x, sigma]);
  });

  it('refuses a weight that is not finite and an empty interval', () => {
    expect(() => guide({ main: constant(1), guide: constant(1), weight: Number.NaN })).toThrow(/finite weight/);
    expect(() => guide({ main: constant(1), guide: constant(1), weight: 2, interval: [2, 2] })).toThrow(/lo < hi/);
  });
});
