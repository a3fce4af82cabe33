import '@tensorflow/tfjs';
import { createUNet, forceWeightNorm, type Params, precondition } from '@edm2/edm2-unet';
import { mpDense, mpFourier, weightNorm } from '@edm2/mp-layers';
import { describeWays } from '@edm2/test-engines';
import { maxAbsoluteError, readGolden, relativeError, useQuickFilterGradient } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectRounded, goldenOptions, goldenParams, goldenTensor, rowOf, weightArray } from './golden-net.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  useQuickFilterGradient();
});

interface Batch {
  images: tf.Tensor;
  noise: tf.Tensor;
  sigma: tf.Tensor;
  given: tf.Tensor | undefined;
}

describe.each(['unet-latent', 'unet-rgb-uncond'])('config G against %s', (file) => {
  const golden = readGolden(file);
  const unet = createUNet(goldenOptions(golden));
  const denoiser = precondition(unet);
  const tensor = (name: string): tf.Tensor => goldenTensor(golden.get(name));
  const labels = golden.has('fwd.labels') ? () => tensor('fwd.labels') : () => undefined;

  it('lists exactly the parameters of the file', () => {
    const stored = Object.entries(golden.under('init.')).filter(([name]) => !name.startsWith('logvar'));
    const expected = stored.map(([name, array]) => `${name} ${weightArray(name, array).shape}`);
    expect(unet.parameters.map(({ name, shape }) => `${name} ${shape}`).sort()).toEqual(expected.sort());
  });

  const denoise = (params: Params, x: tf.Tensor, sigma: tf.Tensor, given: tf.Tensor | undefined) =>
    denoiser(params)(x as tf.Tensor4D, sigma, given);

  /** The weighted loss by element, of a batch whose noise is still to be added. */
  const lossMap = (p: Params, { images, noise, sigma, given }: Batch): tf.Tensor => {
    const s = tf.reshape(sigma, [-1, 1, 1, 1]);
    const clean = denoise(p, tf.add(images, tf.mul(noise, s)), sigma, given);
    const { 'logvar_fourier.freqs': freqs, 'logvar_fourier.phases': phases, 'logvar_linear.weight': head } = p;
    if (!freqs || !phases || !head) throw new Error('no logvar head in the file');
    const features = mpFourier(tf.mul(tf.log(sigma), 0.25), freqs, phases);
    const u = tf.reshape(mpDense(features, head), [-1, 1, 1, 1]);
    const lambda = tf.div(tf.add(tf.square(s), 0.25), tf.square(tf.mul(s, 0.5)));
    return tf.add(tf.mul(tf.div(lambda, tf.exp(u)), tf.square(tf.sub(clean, images))), u);
  };

  const firstBatch = (): Batch => {
    const row = (name: string) => goldenTensor(rowOf(golden.get(`train.${name}`), 0));
    return {
      images: row('images'),
      noise: row('noise_unit'),
      sigma: tf.exp(tf.add(-0.4, tf.reshape(row('rnd_normal'), [-1]))),
      given: labels() && row('labels'),
    };
  };

  describeWays(`D(x; σ) of ${file}`, (compile, { precision }) => {
    const expectDenoised = (given: tf.Tensor | undefined, stored: string): void => {
      const expected = tensor(stored).dataSync();
      const forward = compile(denoise);
      const actual = forward(goldenParams(golden, 'init.'), tensor('fwd.x'), tensor('fwd.sigma'), given).dataSync();
      // Float32 against float32 in another order of summation, 30 layers deep: 2e-5 of values of order 1.
      if (precision === 'float32') expect(maxAbsoluteError(actual, expected)).toBeLessThan(2e-5);
      else expectRounded(actual, expected);
    };

    it('denoises like the reference', () => expectDenoised(labels(), 'fwd.denoised'));

    if (golden.has('fwd.denoised_nolabel'))
      it('takes no label as an all-zero label', () => expectDenoised(undefined, 'fwd.denoised_nolabel'));

    if (precision === 'float32')
      it('has the reference gradients of the first training step', () => {
        const init = goldenParams(golden, 'init.');
        const params: Params = {
          ...forceWeightNorm(unet, init),
          'logvar_linear.weight': weightNorm(init['logvar_linear.weight'] ?? tf.scalar(0)),
        };
        const expected = golden.under('train.grad0.');
        const names = Object.keys(expected);
        const gradients = compile((weights: Params, batch: Batch) => {
          const loss = (...values: tf.Tensor[]): tf.Tensor => {
            const trained = Object.fromEntries(names.map((name, i) => [name, values[i] ?? tf.scalar(0)]));
            return tf.div(tf.sum(lossMap({ ...weights, ...trained }, batch)), batch.images.shape[0] ?? 0);
          };
          const inputs = names.map((name) => weights[name] ?? tf.scalar(0));
          return { map: lossMap(weights, batch), grads: tf.grads(loss)(inputs) };
        });
        const { map, grads } = gradients(params, firstBatch());
        expect(relativeError(map.dataSync(), tensor('train.loss_map0').dataSync())).toBeLessThan(1e-4);
        const off = names.filter((name, i) => {
          const reference = expected[name];
          const actual = grads[i];
          if (!reference || !actual) return true;
          return !(relativeError(actual.dataSync(), weightArray(name, reference).data) < 2e-4);
        });
        expect(off).toEqual([]);
        expect(names.length).toBe(unet.parameters.filter(({ kind }) => kind !== 'buffer').length + 1);
      });
  });
});
