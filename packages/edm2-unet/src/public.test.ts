import '@tensorflow/tfjs';
import {
  countFlops,
  countParameters,
  createUNet,
  forceWeightNorm,
  initParams,
  precondition,
  presets,
} from '@edm2/edm2-unet';
import { weightNorm } from '@edm2/mp-layers';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const sizes = { imgResolution: 8, imgChannels: 1, labelDim: 2 };
const layout = { modelChannels: 8, channelMult: [1, 2], numBlocks: 1, attnResolutions: [4], channelsPerHead: 8 };

test.each(['A', 'B', 'C', 'D', 'E', 'F', 'G'] as const)('config %s: described, drawn, denoising', (config) => {
  // Every key that the reference names.
  const unet = createUNet({ config, ...sizes, ...layout, dropout: 0 });
  expect(unet.config).toMatchObject({ config, ...sizes, ...layout, dropout: 0 });
  const params = initParams(unet, 1);
  const count = Object.values(params).reduce((sum, { size }) => sum + size, 0);
  const buffers = unet.parameters.filter(({ kind }) => kind === 'buffer');
  const fixed = buffers.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  expect([count, count - fixed]).toContain(countParameters(unet));
  const { total, byLayer } = countFlops(unet);
  expect(Object.values(byLayer).reduce((a, b) => a + b, 0)).toBe(total);
  const x = tf.randomNormal<tf.Rank.R4>([2, 8, 8, 1], 0, 1, 'float32', 1);
  const labels = tf.tensor2d([1, 0, 0, 1], [2, 2]);
  const seen: string[] = [];
  expect(unet.apply(params, x, tf.zeros([2]), labels, { onActivation: (name) => seen.push(name) }).shape).toEqual(
    x.shape,
  );
  expect(seen.length).toBeGreaterThan(5);
  const sigma = tf.tensor1d([1, 2]);
  const [given, byDefault] = [precondition(unet, { sigmaData: 0.5 }), precondition(unet)];
  expect(given(params)(x, sigma, labels).dataSync()).toEqual(byDefault(params)(x, sigma, labels).dataSync());
  expect(byDefault(params)(x, sigma).shape).toEqual(x.shape);
});

test('forced weight normalisation acts on weights alone', () => {
  const unet = createUNet({ config: 'G', ...sizes, ...layout });
  const params = initParams(unet, 1);
  const forced = forceWeightNorm(unet, params);
  for (const { name, kind } of unet.parameters) {
    const before = params[name] as tf.Tensor;
    const expected = kind === 'weight' ? weightNorm(before) : before;
    expect(tf.max(tf.abs(tf.sub(forced[name] as tf.Tensor, expected))).dataSync()[0], name).toBeLessThan(1e-6);
  }
});

test('every preset describes a network', () => {
  const named = ['xxs', 'xs', 's', 'm', 'l', 'xl', 'xxl'].map((size) => `img512-${size}`);
  const pixel = ['xs', 's', 'm', 'l', 'xl'].map((size) => `img64-${size}`);
  expect(Object.keys(presets)).toEqual(expect.arrayContaining([...named, ...pixel, 'mnist', 'cifar10']));
  for (const { unet } of Object.values(presets)) expect(countParameters(createUNet(unet))).toBeGreaterThan(1e5);
});
