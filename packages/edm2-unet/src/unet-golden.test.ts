import '@tensorflow/tfjs';
import { createUNet, forceWeightNorm, type Params, precondition } from '@edm2/edm2-unet';
import { mpDense, mpFourier, weightNorm } from '@edm2/mp-layers';
import { maxAbsoluteError, readGolden, relativeError, useQuickFilterGradient } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { goldenOptions, goldenParams, goldenTensor, rowOf, weightArray } from './golden-net.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  useQuickFilterGradient();
});

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

  // Float32 against float32 in another order of summation, 30 layers deep: 2e-5 of values of order 1.
  it('denoises like the reference', () => {
    const denoise = denoiser(goldenParams(golden, 'init.'));
    const actual = denoise(tensor('fwd.x') as tf.Tensor4D, tensor('fwd.sigma'), labels());
    expect(maxAbsoluteError(actual.dataSync(), tensor('fwd.denoised').dataSync())).toBeLessThan(2e-5);
  });

  it.runIf(golden.has('fwd.denoised_nolabel'))('takes no label as an all-zero label', () => {
    const denoise = denoiser(goldenParams(golden, 'init.'));
    const actual = denoise(tensor('fwd.x') as tf.Tensor4D, tensor('fwd.sigma'));
    expect(maxAbsoluteError(actual.dataSync(), tensor('fwd.denoised_nolabel').dataSync())).toBeLessThan(2e-5);
  });

  it('has the reference gradients of the first training step', () => {
    const init = goldenParams(golden, 'init.');
    const params = {
      ...forceWeightNorm(unet, init),
      'logvar_linear.weight': weightNorm(init['logvar_linear.weight'] ?? tf.scalar(0)),
    };
    const row = (name: string) => goldenTensor(rowOf(golden.get(name), 0));
    const images = row('train.images') as tf.Tensor4D;
    const sigma = tf.exp(tf.add(-0.4, tf.reshape(row('train.rnd_normal'), [-1])));
    const lossMap = (p: Params): tf.Tensor => {
      const s = tf.reshape(sigma, [-1, 1, 1, 1]);
      const noisy = tf.add(images, tf.mul(row('train.noise_unit'), s)) as tf.Tensor4D;
      const clean = denoiser(p)(noisy, sigma, labels() && row('train.labels'));
      const { 'logvar_fourier.freqs': freqs, 'logvar_fourier.phases': phases, 'logvar_linear.weight': head } = p;
      if (!freqs || !phases || !head) throw new Error('no logvar head in the file');
      const features = mpFourier(tf.mul(tf.log(sigma), 0.25), freqs, phases);
      const u = tf.reshape(mpDense(features, head), [-1, 1, 1, 1]);
      const lambda = tf.div(tf.add(tf.square(s), 0.25), tf.square(tf.mul(s, 0.5)));
      return tf.add(tf.mul(tf.div(lambda, tf.exp(u)), tf.square(tf.sub(clean, images))), u);
    };
    expect(relativeError(lossMap(params).dataSync(), tensor('train.loss_map0').dataSync())).toBeLessThan(1e-4);

    const expected = golden.under('train.grad0.');
    const names = Object.keys(expected);
    const grads = tf.grads((...values: tf.Tensor[]) => {
      const trained = Object.fromEntries(names.map((name, i) => [name, values[i] ?? tf.scalar(0)]));
      return tf.div(tf.sum(lossMap({ ...params, ...trained })), images.shape[0]);
    })(names.map((name) => params[name as keyof typeof params] ?? tf.scalar(0)));
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
