import '@tensorflow/tfjs';
import { forceWeightNorm, precondition } from '@edm2/edm2-unet';
import { createUncertainty, edmWeight, weightedLoss } from '@edm2/loss-weighting';
import { type GoldenArray, maxAbsoluteError, relativeError, useQuickFilterGradient } from '@edm2/test-support';
import type { AdamMoments, Params, TrainState } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { ENGINES } from './engines.fixture.js';
import { goldenRun } from './golden-run.fixture.js';

/** Arrays whose relative error is not below `tolerance`, with the error. */
const wrong = (actual: Params, expected: Record<string, GoldenArray>, tolerance: number): string[] =>
  Object.entries(expected)
    .map(([name, { data }]) => ({ name, error: relativeError(actual[name]?.dataSync() ?? [], data) }))
    .filter(({ error }) => !(error < tolerance))
    .map(({ name, error }) => `${name} ${error}`);

const both = ({ params, uncertainty }: TrainState): Params => ({ ...params, ...uncertainty });

/** What training changed, which the size of the weights themselves cannot hide. */
const changes = (after: Params, before: Params): Params =>
  Object.fromEntries(Object.entries(after).map(([name, x]) => [name, tf.sub(x, before[name] ?? 0)]));

/** The same for stored arrays, in float64. */
const difference = (
  after: Record<string, GoldenArray>,
  before: Record<string, GoldenArray>,
): Record<string, GoldenArray> =>
  Object.fromEntries(
    Object.entries(after).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float64Array.from(data, (x, i) => x - (before[name]?.data[i] ?? Number.NaN)) },
    ]),
  );

describe.each(['unet-latent', 'unet-rgb-uncond'])('the loss map of %s', (name) => {
  test('is the stored one', async () => {
    await tf.setBackend('cpu');
    const run = goldenRun(name);
    const { params, uncertainty } = run.start();
    const { images, noise, sigma, labels } = run.batch(0);
    const noisy = tf.add(images, tf.mul(noise, tf.reshape(sigma, [-1, 1, 1, 1]))) as tf.Tensor4D;
    const denoised = precondition(run.unet)(forceWeightNorm(run.unet, params))(noisy, sigma, labels);
    const u = createUncertainty().apply(uncertainty, tf.div(tf.log(sigma), 4));
    const map = weightedLoss(tf.squaredDifference(denoised, images), edmWeight(sigma), u);
    // Float32 through some twenty convolutions; single elements of the map are ten times the mean.
    expect(relativeError(map.dataSync(), run.lossMap0.data)).toBeLessThan(2e-5);
    expect(maxAbsoluteError(map.dataSync(), run.lossMap0.data)).toBeLessThan(1e-3);
  });
});

describe.each(ENGINES)('on $name', ({ absent, start }) => {
  describe.skipIf(absent !== undefined).each(['unet-latent', 'unet-rgb-uncond'])(
    'the stored training run %s',
    (name) => {
      const run = goldenRun(name);
      const losses: number[] = [];
      let before: TrainState<AdamMoments>;
      let first: TrainState<AdamMoments>;
      let last: TrainState<AdamMoments>;

      beforeAll(async () => {
        const compile = await start();
        // The first net goes through TensorFlow.js's own kernels alone; for both that would take a minute.
        if (name === 'unet-rgb-uncond') useQuickFilterGradient();
        const step = compile(run.training.step);
        before = run.start();
        last = before;
        for (let i = 0; i < run.steps; i++) {
          const { state, metrics } = step(last, run.batch(i));
          losses.push(metrics.loss.dataSync()[0] ?? Number.NaN);
          last = state;
          if (i === 0) first = state;
        }
      });

      test('losses', () => {
        expect(losses).toHaveLength(4);
        expect(relativeError(losses, run.losses)).toBeLessThan(1e-5);
      });

      test('first gradients', () => {
        // After one step from zero, Adam's first moment is a tenth of the gradient. 2e-4: scalar gains sum over everything.
        const gradients = Object.fromEntries(
          Object.entries(first.moments.first).map(([key, moment]) => [key, tf.mul(moment, 10)]),
        );
        expect(Object.keys(run.expected('grad0')).length).toBeGreaterThan(40);
        expect(wrong(gradients, run.expected('grad0'), 2e-4)).toEqual([]);
      });

      test('weights after the first and the last step', () => {
        expect(Object.keys(run.expected('after4')).sort()).toEqual([...run.training.trained].sort());
        expect(wrong(both(first), run.expected('after1'), 2e-5)).toEqual([]);
        expect(wrong(both(last), run.expected('after4'), 2e-5)).toEqual([]);
      });

      test('what the steps changed', () => {
        const expected = difference(run.expected('after4'), run.expected('init'));
        // Adam turns a gradient's sign into a step: the smallest gradients, all rounding, cost 1e-4.
        expect(wrong(changes(both(last), both(before)), expected, 2e-3)).toEqual([]);
      });

      test.each(['0.050', '0.100'])('running average %s', (sigmaRel) => {
        const expected = run.expected(`ema-${sigmaRel}`);
        expect(Object.keys(expected).sort()).toEqual([...run.training.trained].sort());
        expect(wrong(last.ema[String(Number(sigmaRel))] ?? {}, expected, 2e-5)).toEqual([]);
        // How far it lags behind the weights: next to nothing beside their size, so a wrong β would hide above.
        const lag = difference(expected, run.expected('after4'));
        expect(wrong(changes(last.ema[String(Number(sigmaRel))] ?? {}, both(last)), lag, 2e-2)).toEqual([]);
      });

      test('buffers stay as they are', () => {
        for (const { name: key, kind } of run.unet.parameters)
          if (kind === 'buffer') expect(last.params[key]?.dataSync()).toEqual(before.params[key]?.dataSync());
        expect(last.uncertainty['logvar_fourier.freqs']?.dataSync()).toEqual(
          before.uncertainty['logvar_fourier.freqs']?.dataSync(),
        );
      });
    },
  );
});
