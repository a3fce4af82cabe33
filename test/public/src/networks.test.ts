import '@tensorflow/tfjs';
import * as edm2 from '@edm2/edm2-unet';
import * as dinov2 from '@edm2/fid/dinov2';
import * as inception from '@edm2/fid/inception';
import * as latent from '@edm2/latent-vae';
import { createUncertainty } from '@edm2/loss-weighting';
import { createRandom } from '@edm2/random';
import * as jitting from '@edm2/tfjs-jit';
import * as training from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { expectNames } from './names.js';

/** Public names of what is made of networks, each held to something that is worked out by hand. */

beforeAll(() => tf.setBackend('cpu'));

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());
/** One level, one block, no attention but the decoder's first. */
const tiny = {
  ...{ imgResolution: 4, imgChannels: 1, labelDim: 2, modelChannels: 4, channelMult: [1], numBlocks: 1 },
  ...{ attnResolutions: [], channelsPerHead: 4 },
};
const x = tf.tensor4d(
  Array.from({ length: 16 }, (_, i) => i - 8),
  [1, 4, 4, 1],
);

test('@edm2/edm2-unet', () => {
  const names = { createUNet: 1, initParams: 2, precondition: 1, forceWeightNorm: 2, countFlops: 1 };
  expectNames(edm2, { ...names, countParameters: 0, presets: 'object', ladder: 'object' });
  const unet = edm2.createUNet(tiny);
  expect(unet.config).toEqual({ config: 'G', ...tiny, dropout: 0 });
  const conv = (from: number, to: number, kernel = 3) => kernel * kernel * from * to;
  const block = 1 + 4 * 4 + 2 * conv(4, 4); // gain, conditioning, two convolutions
  const joining = 1 + 4 * 4 + conv(8, 4) + conv(4, 4) + conv(8, 4, 1);
  const attention = conv(4, 12, 1) + conv(4, 4, 1);
  const embedding = 4 * 4 + 2 * 4;
  const ends = conv(2, 4) + conv(4, 1) + 1;
  const count = embedding + ends + block + (block + attention) + block + 2 * joining;
  expect(edm2.countParameters(unet)).toBe(count);

  const { multiplyAdds, total, elementwise } = edm2.countFlops(unet);
  const convolutions = conv(2, 4) + conv(4, 1) + 6 * conv(4, 4) + attention + 2 * (joining - 17);
  expect(multiplyAdds.conv).toBe(16 * convolutions);
  expect(multiplyAdds.linear).toBe(embedding + 5 * 4 * 4);
  expect(multiplyAdds.attention).toBe(2 * 16 * 16 * 4);
  expect(total).toBe(multiplyAdds.total + elementwise);

  // The last gain starts at 0: D = c_skip·x, at σ = 1 and σ_data = ½ a fifth.
  const params = edm2.initParams(unet, 1);
  const denoise = edm2.precondition(unet)(params);
  const fifth = values(denoise(x, 1));
  values(x).forEach((value, i) => {
    expect(fifth[i]).toBeCloseTo(value / 5, 5);
  });
  expect(values(edm2.precondition(unet, { sigmaData: 1 })(params)(x, tf.tensor1d([1])))[0]).toBeCloseTo(-4, 5);
  const name = 'unet.out_conv.weight';
  expect(values(params[name] as tf.Tensor)).toEqual([...createRandom(1).stream('init', name).normal(36)]);

  // With an output gain, c_out·F besides: c_out = σ·σ_d·c_in.
  const loud = { ...params, 'unet.out_gain': tf.scalar(1) };
  const cIn = 1 / Math.sqrt(1.25);
  const f = values(unet.apply(loud, tf.mul(x, cIn), tf.zeros([1])));
  values(edm2.precondition(unet)(loud)(x, 1)).forEach((value, i) => {
    expect(value).toBeCloseTo((values(x)[i] ?? 0) / 5 + 0.5 * cIn * (f[i] ?? 0), 4);
  });

  const forced = edm2.forceWeightNorm(unet, { ...loud, [name]: tf.mul(params[name] as tf.Tensor, 7) });
  const weights = values(forced[name] as tf.Tensor);
  expect(weights.reduce((sum, w) => sum + w * w, 0) / 36).toBeCloseTo(1, 3);
  expect(values(forced['unet.out_gain'] as tf.Tensor)).toEqual([1]);

  const published = ['xxs', 'xs', 's', 'm', 'l', 'xl', 'xxl'].map((size) => `img512-${size}`);
  const pixels = ['xs', 's', 'm', 'l', 'xl'].map((size) => `img64-${size}`);
  const few = ['small-500', 'small-2000', 'small-4000'];
  expect(Object.keys(edm2.presets)).toEqual([...published, ...pixels, 'mnist', 'cifar10', ...few]);
  expect(edm2.countParameters(edm2.createUNet(edm2.presets['img512-xs'].unet))).toBe(124_713_253 - 128);
});

test.each(['A', 'B', 'C', 'D', 'E', 'F', 'G'] as const)('config %s: as many numbers as it counts', (config) => {
  const unet = edm2.createUNet({ ...tiny, config });
  const params = edm2.initParams(unet, 1);
  const trained = unet.parameters.filter(({ kind }) => kind !== 'buffer');
  const numbers = trained.reduce((sum, { name }) => sum + (params[name]?.size ?? Number.NaN), 0);
  expect(edm2.countParameters(unet)).toBe(numbers);
  expect(Object.keys(params)).toEqual(unet.parameters.map(({ name }) => name));
  const seen: string[] = [];
  const out = unet.apply(params, x, tf.zeros([1]), tf.tensor2d([[0, 1]]), { onActivation: (name) => seen.push(name) });
  expect(out.shape).toEqual([1, 4, 4, 1]);
  const heard = [...unet.layers, ...unet.plan.encoder, ...unet.plan.decoder].map(({ name }) => name);
  expect(seen.sort()).toEqual(heard.sort());
});

test('@edm2/training', () => {
  expectNames(training, { learningRate: 2, createTrainStep: 1, adam: 0 });
  const rate = { ref: 0.01, decayBatches: 100, batch: 10 };
  expect(training.learningRate(4000, { ...rate, rampupMimg: 0 })).toBeCloseTo(0.005, 12); // four times t_ref·B
  expect(training.learningRate(4000, rate)).toBeCloseTo(0.005 * 4e-4, 12); // of ten million
  expect(training.learningRate(1e7, { ...rate, decayBatches: 0 })).toBe(0.01);

  // Adam's first step is the rate in the direction of the gradient, whatever its size.
  const optimizer = training.adam();
  const weights = { w: tf.tensor1d([1, 1]) };
  const first = optimizer.update(weights, { w: tf.tensor1d([5, -0.1]) }, optimizer.init(weights), tf.scalar(0.01));
  expect(values(first.params['w'] as tf.Tensor)).toEqual([expect.closeTo(0.99, 6), expect.closeTo(1.01, 6)]);

  const unet = edm2.createUNet(tiny);
  const uncertainty = createUncertainty();
  const parts = { unet, optimizer, emaSigmaRels: [0.1] };
  const batch = (scale: number) => ({
    ...{ images: tf.zeros<tf.Rank.R4>([1, 4, 4, 1]), noise: tf.fill<tf.Rank.R4>([1, 4, 4, 1], scale) },
    ...{ sigma: tf.tensor1d([1]), learningRate: tf.scalar(0.01), t: tf.scalar(1), dt: tf.scalar(1) },
  });
  const { init, step } = training.createTrainStep(parts);
  const before = init(3);
  expect(Object.keys(before)).toEqual(['params', 'uncertainty', 'moments', 'ema']);
  // D = noise/5 at the start: λ(1) = 5 times 1/25 of the noise's square.
  const { state, metrics } = step(before, batch(2));
  expect(values(metrics.rawLoss)).toEqual([expect.closeTo((5 * 4) / 25, 5)]);
  expect(values(metrics.loss)).toEqual([expect.closeTo((5 * 4) / 25, 5)]);
  // An average over one step is its weights; the last gain has moved by the rate.
  expect(Math.abs(values(state.params['unet.out_gain'] as tf.Tensor)[0] ?? 0)).toBeCloseTo(0.01, 5);
  expect(values(state.ema['0.1']?.['unet.out_gain'] as tf.Tensor)).toEqual(
    values(state.params['unet.out_gain'] as tf.Tensor),
  );
  // With the head, λ/eᵘ·error + u.
  const learned = training.createTrainStep({ ...parts, uncertainty });
  const start = learned.init(3);
  const [u = 0] = values(uncertainty.apply(start.uncertainty, tf.tensor1d([0])));
  const { metrics: headed } = learned.step(start, batch(2));
  expect(values(headed.loss)).toEqual([expect.closeTo(0.8 / Math.exp(u) + u, 3)]);
});

test('@edm2/latent-vae', async () => {
  const names = { createAutoencoderKL: 1, createLatentCodec: 1, createLatentNormalizer: 1, measureRawStatistics: 1 };
  expectNames(latent, names);
  const one = { in_channels: 1, out_channels: 1, latent_channels: 1, block_out_channels: [1], layers_per_block: 1 };
  const vae = latent.createAutoencoderKL({
    ...{ _class_name: 'AutoencoderKL', ...one, norm_num_groups: 1 },
    ...{ down_block_types: ['DownEncoderBlock2D'], up_block_types: ['UpDecoderBlock2D'] },
  });
  expect(vae.factor).toBe(1);
  // Every weight 0: what comes out is the last bias.
  const params = Object.fromEntries(vae.parameters.map(({ name, shape }) => [name, tf.zeros([...shape])]));
  const biased = {
    ...params,
    'quant_conv.bias': tf.tensor1d([3, Math.log(4)]),
    'decoder.conv_out.bias': tf.tensor1d([0.5]),
  };
  const image = tf.ones<tf.Rank.R4>([1, 2, 2, 1]);
  const { mean, logvar, std } = vae.encode(biased, image);
  expect([mean, logvar, std].map((tensor) => values(tensor)[0])).toEqual([
    3,
    Math.fround(Math.log(4)),
    expect.closeTo(2, 5),
  ]);
  expect(values(vae.decode(biased, image))).toEqual([0.5, 0.5, 0.5, 0.5]);

  const normalizer = latent.createLatentNormalizer({ rawMean: [1], rawStd: [2] });
  // (3 + 2·noise − 1)/2 · ½
  expect(values(normalizer.toLatents(tf.tensor1d([3]), tf.tensor1d([2]), tf.tensor1d([1])))).toEqual([1]);
  expect(values(normalizer.toRaw(tf.tensor1d([1])))).toEqual([5]);
  const codec = latent.createLatentCodec({ vae, params: biased, normalizer });
  expect(values(codec.encode(tf.fill([1, 1, 1, 1], 255)))).toEqual([0.5]);
  expect(values(codec.decode(tf.zeros([1, 1, 1, 1])))).toEqual([127]);
  const rows = [
    { mean: tf.tensor2d([[1], [3]]), std: tf.tensor2d([[1], [1]]) },
    { mean: tf.tensor2d([[2], [2]]), std: tf.tensor2d([[1], [1]]) },
  ];
  const { rawMean, rawStd, pixels } = await latent.measureRawStatistics(rows);
  expect([rawMean, rawStd, pixels]).toEqual([[2], [expect.closeTo(Math.sqrt(0.5 + 1), 6)], 4]);
});

test('@edm2/fid’s networks', () => {
  expectNames(inception, { createInception: 0 });
  expectNames(dinov2, { createDinov2: 1 });
  const size = (parameters: readonly { shape: readonly number[] }[]) =>
    parameters.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
  const patches = { dim: 4, depth: 1, heads: 1, imgSize: 28, patch: 14 };
  const vit = dinov2.createDinov2(patches);
  const block = 2 * 8 + (12 * 4 + 12) + (4 * 4 + 4) + 2 * 4 + (16 * 4 + 16) + (4 * 16 + 4); // norms, qkv, proj, scales, mlp
  const ends = 4 + (4 + 1) * 4 + (14 * 14 * 3 * 4 + 4) + 8; // class token, places, patches, last norm
  expect(size(vit.parameters.filter(({ name }) => !/mask_token/.test(name)))).toBe(block + ends);
  const params = Object.fromEntries(vit.parameters.map(({ name, shape }) => [name, tf.zeros([...shape])]));
  const bias = vit.parameters.find(({ name }) => name === 'norm.bias');
  const cls = vit.apply({ ...params, [bias?.name ?? '']: tf.tensor1d([1, 2, 3, 4]) }, tf.zeros([1, 28, 28, 3]));
  expect(values(cls)).toEqual([1, 2, 3, 4]);
  expect(inception.createInception().parameters.length).toBeGreaterThan(190);
});

test('@edm2/tfjs-jit', () => {
  expectNames(jitting, { jit: 1, toOnnx: 2, registerEngine: 2, checkpoint: 1 });
  const double = ({ x }: { x: tf.Tensor }) => ({ y: [tf.mul(x, 2)] });
  const plain = jitting.jit(double, { donate: [0], precision: 'float32' });
  const given = { x: tf.tensor1d([1, 2]) };
  expect(values(plain(given).y[0] as tf.Tensor)).toEqual([2, 4]);
  expect(given.x.isDisposed).toBe(true);
  const file = jitting.toOnnx((x: tf.Tensor) => tf.square(x), [tf.ones([2])], {
    inputNames: ['in'],
    outputNames: ['out'],
  });
  expect(new TextDecoder('latin1').decode(file)).toMatch(/Mul.*in.*out/s);
});
