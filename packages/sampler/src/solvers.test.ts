import '@tensorflow/tfjs';
import { createRandom } from '@edm2/random';
import { type Denoiser, dpmpp2m, euler, heun, karrasSchedule, type Solver } from '@edm2/sampler';
import { maxAbsoluteError, relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { DATA_STD, gaussianDenoiser, gaussianFlow } from './gaussian.fixture.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const SHAPE = [4, 4, 4, 2];
const noiseValues = () => createRandom(1).stream('test').normal(tf.util.sizeFromShape(SHAPE));
const unitNoise = () => tf.tensor(noiseValues(), SHAPE);
const counted = (denoiser: Denoiser) => {
  const sigmas: number[] = [];
  const counting: Denoiser = (x, sigma, labels) => {
    sigmas.push(sigma.dataSync()[0] ?? Number.NaN);
    return denoiser(x, sigma, labels);
  };
  return { counting, sigmas };
};
const solvers: [name: string, solver: Solver, order: number, evaluations: number][] = [
  ['euler', euler, 1, 32],
  ['heun', heun, 2, 63],
  ['dpmpp2m', dpmpp2m, 2, 32],
];

describe.each(solvers)('%s', (_, solver, order, evaluations) => {
  const errorAt = async (steps: number) => {
    const sigmas = karrasSchedule({ steps: steps + 1, sigmaMin: 0.05, sigmaMax: 10, rho: 3 }).slice(0, -1);
    const noise = unitNoise();
    const x = await solver(gaussianDenoiser, noise, { sigmas });
    const exact = noiseValues().map((value) => value * 10 * gaussianFlow(10, 0.05));
    const error = maxAbsoluteError(x.dataSync(), exact);
    tf.dispose([x, noise]);
    return error;
  };

  it(`converges to the exact flow of a Gaussian with order ${order}`, async () => {
    const errors = [await errorAt(16), await errorAt(32), await errorAt(64)];
    for (let i = 1; i < errors.length; i++) {
      const measured = Math.log2((errors[i - 1] ?? 0) / (errors[i] ?? 1));
      expect(measured).toBeGreaterThan(order - 0.35);
      expect(measured).toBeLessThan(order + 0.6);
    }
  });

  it('turns noise into data of the right spread, with the stated number of evaluations', async () => {
    const { counting, sigmas } = counted(gaussianDenoiser);
    const noise = unitNoise();
    const x = await solver(counting, noise, { sigmas: karrasSchedule() });
    const exact = noiseValues().map((value) => value * 80 * gaussianFlow(80, 0));
    // Discretisation error of the exact recursion at 32 steps, in float64: Euler −8.8 %, Heun +1.57 %, 2M +1.70 %.
    expect(relativeError(x.dataSync(), exact)).toBeLessThan(order === 1 ? 0.09 : 0.018);
    expect(sigmas.length).toBe(evaluations);
    expect(Math.min(...sigmas)).toBeCloseTo(0.002, 8);
    tf.dispose([x, noise]);
  });

  it('multiplies the noise by the first level and passes labels on', async () => {
    const noise = unitNoise();
    const labels = tf.ones([4, 3]);
    const seen: tf.Tensor[] = [];
    let first: Float32Array | undefined;
    const denoiser: Denoiser = (x, _sigma, given) => {
      first ??= x.dataSync().slice() as Float32Array;
      if (given) seen.push(given);
      return tf.zerosLike(x);
    };
    const x = await solver(denoiser, noise, { sigmas: [7, 0], labels });
    expect(
      maxAbsoluteError(
        first ?? [],
        noiseValues().map((value) => value * 7),
      ),
    ).toBeLessThan(1e-5);
    expect(seen).toEqual([labels]);
    expect(maxAbsoluteError(x.dataSync(), noiseValues().fill(0))).toBe(0);
    tf.dispose([x, noise, labels]);
  });

  it('accepts promises, reports every step, and leaves one tensor behind', async () => {
    const noise = unitNoise();
    const before = tf.memory().numTensors;
    const steps: number[] = [];
    const x = await solver(async (a, s) => gaussianDenoiser(a, s), noise, {
      sigmas: karrasSchedule({ steps: 5 }),
      churn: { sChurn: 2, sMin: 0.01 },
      random: createRandom(3).stream('churn'),
      onStep: async ({ step, steps: all, sigma, x: now, denoised }) => {
        await Promise.resolve();
        expect([all, now.shape, denoised.shape]).toEqual([5, SHAPE, SHAPE]);
        expect(denoised.dataSync().length).toBe(now.size);
        steps.push(step);
        if (step === 4) expect(sigma).toBe(0);
      },
    });
    expect(steps).toEqual([0, 1, 2, 3, 4]);
    expect(tf.memory().numTensors).toBe(before + 1);
    tf.dispose([x, noise]);
  });

  it('takes a denoiser that hands its argument back', async () => {
    const noise = unitNoise();
    const before = tf.memory().numTensors;
    const x = await solver((a) => a, noise, { sigmas: [2, 1, 0] });
    expect(
      maxAbsoluteError(
        x.dataSync(),
        noiseValues().map((v) => 2 * v),
      ),
    ).toBeLessThan(1e-6);
    x.dispose();
    expect(tf.memory().numTensors).toBe(before);
    noise.dispose();
  });

  it('leaks nothing when aborted, when the denoiser throws, and when its shape is wrong', async () => {
    const noise = unitNoise();
    const before = tf.memory().numTensors;
    const sigmas = karrasSchedule({ steps: 8 });
    const controller = new AbortController();
    let calls = 0;
    const aborting: Denoiser = (x, sigma) => {
      if (++calls === 3) controller.abort(new Error('enough'));
      return gaussianDenoiser(x, sigma);
    };
    await expect(solver(aborting, noise, { sigmas, signal: controller.signal })).rejects.toThrow('enough');
    expect(calls).toBe(3);
    const throwing: Denoiser = (x, sigma) => {
      if (++calls === 7) throw new Error('broken');
      return gaussianDenoiser(x, sigma);
    };
    await expect(solver(throwing, noise, { sigmas })).rejects.toThrow('broken');
    await expect(solver(() => tf.zeros([1]), noise, { sigmas })).rejects.toThrow(
      /expected the denoiser to return \[4,4,4,2\], got \[1\]/,
    );
    await expect(
      solver(gaussianDenoiser, noise, {
        sigmas,
        onStep: () => {
          throw new Error('display gone');
        },
      }),
    ).rejects.toThrow('display gone');
    expect(tf.memory().numTensors).toBe(before);
    noise.dispose();
  });

  it('lets a timer abort a denoiser that never waits', async () => {
    const noise = unitNoise();
    const signal = AbortSignal.timeout(30);
    const sigmas = karrasSchedule({ steps: 100_000 });
    await expect(solver(gaussianDenoiser, noise, { sigmas, signal })).rejects.toThrow(/timeout/i);
    noise.dispose();
  });

  it.each([[[1, 2, 0]], [[1]], [[1, 1, 0]], [[1, -1]], [[Number.POSITIVE_INFINITY, 0]], [[1, Number.NaN, 0]]])(
    'refuses sigmas %s',
    async (sigmas) => {
      const noise = unitNoise();
      await expect(solver(gaussianDenoiser, noise, { sigmas })).rejects.toThrow(
        /expected sigmas that decrease strictly/,
      );
      noise.dispose();
    },
  );
});

describe('churn', () => {
  const levels = [4, 2, 1, 0];

  it('raises the level by min(sChurn/steps, √2 − 1), adding noise of the difference', async () => {
    for (const [sChurn, gamma] of [
      [0.6, 0.2],
      [100, Math.SQRT2 - 1],
    ] as const) {
      const noise = unitNoise();
      const asked: number[] = [];
      const { counting, sigmas } = counted((x) => tf.clone(x));
      const added = tf.ones(SHAPE);
      // With D = x nothing moves, so what is left is what churn added at level 2 alone.
      const x = await euler(counting, noise, {
        sigmas: levels,
        churn: { sChurn, sMin: 1.5, sMax: 2, sNoise: 1.5 },
        random: (step) => {
          asked.push(step);
          return added;
        },
      });
      expect(asked).toEqual([1]);
      expect(maxAbsoluteError(sigmas, [4, 2 * (1 + gamma), 1])).toBeLessThan(1e-6);
      const amount = 1.5 * 2 * Math.sqrt((1 + gamma) ** 2 - 1);
      expect(
        maxAbsoluteError(
          x.dataSync(),
          noiseValues().map((v) => 4 * v + amount),
        ),
      ).toBeLessThan(1e-5);
      expect(added.isDisposed).toBe(false);
      tf.dispose([x, noise, added]);
    }
  });

  it('keeps the spread of the data, as the flow alone does', async () => {
    const noise = tf.tensor(createRandom(5).stream('n').normal(10_000), [10_000, 1]);
    const x = await heun(gaussianDenoiser, noise, {
      sigmas: karrasSchedule({ steps: 96 }),
      churn: { sChurn: 20, sMin: 0.05, sMax: 50 },
      random: createRandom(6).stream('churn'),
    });
    const std = Math.sqrt([...x.dataSync()].reduce((sum, v) => sum + v * v, 0) / x.size);
    // Standard error of a spread from 10,000 values: 0.7 %; without the added noise nearly nothing would be left of it.
    expect(Math.abs(std / DATA_STD - 1)).toBeLessThan(0.02);
    tf.dispose([x, noise]);
  });

  it('takes stored noises in order, and says when they run out, do not fit, or are not there', async () => {
    const noise = unitNoise();
    const stored = [tf.ones(SHAPE), tf.zeros(SHAPE)];
    const run = (random: Parameters<Solver>[2]['random'], sMin = 1.5) =>
      heun(gaussianDenoiser, noise, { sigmas: levels, churn: { sChurn: 1, sMin }, random });
    const x = await run(stored);
    let next = 0;
    const y = await run(() => stored[next++] as tf.Tensor);
    expect(y.dataSync()).toEqual(x.dataSync());
    const before = tf.memory().numTensors;
    await expect(run(stored, 0)).rejects.toThrow(/from random, got none/);
    await expect(run(() => tf.zeros([1]))).rejects.toThrow(
      /expected noise of shape \[4,4,4,2\] from random, got \[1\]/,
    );
    await expect(run(undefined)).rejects.toThrow(TypeError);
    await expect(run(stored, -1)).rejects.toThrow(RangeError);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x, y, noise, ...stored]);
  });
});
