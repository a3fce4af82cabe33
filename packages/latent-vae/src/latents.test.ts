import '@tensorflow/tfjs';
import {
  createAutoencoderKL,
  createLatentCodec,
  createLatentNormalizer,
  inBatches,
  latentMetadata,
  readLatentMetadata,
  STABLE_DIFFUSION_RAW,
  splitRawLatents,
} from '@edm2/latent-vae';
import { describeWays } from '@edm2/test-engines';
import { maxAbsoluteError, relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { golden, image, loadTiny, values } from './golden-vae.fixture.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const normalizer = createLatentNormalizer(STABLE_DIFFUSION_RAW);

describe('createLatentNormalizer', () => {
  it('has EDM2’s scale and bias to the last bit', () => {
    expect([...normalizer.scale]).toEqual([...golden.get('edm2.scale').data]);
    expect([...normalizer.bias]).toEqual([...golden.get('edm2.bias').data]);
  });

  it('gives EDM2’s latents of raw ones, and raw ones back', () => {
    const before = tf.memory().numTensors;
    const raw = image('edm2.raw');
    const noise = image('edm2.noise');
    const { mean, std } = splitRawLatents(raw);
    const latents = normalizer.toLatents(mean, std, noise);
    const back = normalizer.toRaw(latents);
    const sample = tf.tidy(() => tf.add(mean, tf.mul(std, noise)));
    // One float32 rounding more or less, of values of order 1.
    expect(maxAbsoluteError(latents.dataSync(), values('edm2.latents').data)).toBeLessThan(1e-6);
    expect(relativeError(back.dataSync(), sample.dataSync())).toBeLessThan(1e-6);
    const only = normalizer.toLatents(mean);
    const zeros = tf.zerosLike(std);
    const without = normalizer.toLatents(mean, std, zeros);
    expect(only.dataSync()).toEqual(without.dataSync());
    tf.dispose([raw, noise, mean, std, latents, back, sample, only, zeros, without]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('takes another target, and keeps what it was made from', () => {
    const other = createLatentNormalizer({ rawMean: [2], rawStd: [4], finalMean: 1, finalStd: 2 });
    expect([...other.toLatents(tf.tensor1d([2, 6]).reshape([2, 1])).dataSync()]).toEqual([1, 3]);
    expect(other.options).toEqual({ rawMean: [2], rawStd: [4], finalMean: 1, finalStd: 2 });
    expect(normalizer.options).toEqual({ ...STABLE_DIFFUSION_RAW, finalMean: 0, finalStd: 0.5 });
  });

  it.each([
    [{ rawMean: [], rawStd: [] }, /for each channel, got 0/],
    [{ rawMean: [1, 2], rawStd: [1] }, /got 2 and 1/],
    [{ rawMean: [Number.NaN], rawStd: [1] }, /finite means/],
    [{ rawMean: [0], rawStd: [0] }, /positive deviations/],
    [{ rawMean: [0], rawStd: [1], finalStd: -1 }, /positive deviations/],
  ])('refuses %j', (options, text) => {
    expect(() => createLatentNormalizer(options)).toThrow(text);
  });

  it('refuses tensors of another width, noise without std, and odd channels', () => {
    expect(() => normalizer.toRaw(tf.ones([1, 3]))).toThrow(/toRaw: expected 4 channels/);
    expect(() => normalizer.toLatents(tf.ones([1, 8]))).toThrow(/toLatents: expected 4 channels/);
    expect(() => normalizer.toLatents(tf.ones([4]), undefined, tf.ones([4]))).toThrow(/expected std with noise/);
    expect(() => splitRawLatents(tf.ones([2, 3]))).toThrow(/even number/);
  });
});

describeWays('createLatentCodec', (compile, { precision }) => {
  if (precision !== 'float32') {
    it('stays within two levels of 255 in bfloat16', async () => {
      const codec = createLatentCodec({ ...(await loadTiny()), normalizer });
      const pixels = compile(codec.decode)(image('edm2.latents')).dataSync();
      const expected = values('edm2.decoded').data;
      const off = [...pixels].map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)));
      expect(off.reduce((total, value) => total + value, 0) / off.length).toBeLessThan(2);
    });
    return;
  }
  it('encodes as EDM2 does, with noise and without', async () => {
    const { vae, params } = await loadTiny();
    const codec = createLatentCodec({ vae, params, normalizer });
    const latents = compile(codec.encode)(image('edm2.pixels'), image('edm2.noise'));
    expect(relativeError(latents.dataSync(), values('edm2.latents').data)).toBeLessThan(1e-5);
    const only = compile((pixels: tf.Tensor4D) => codec.encode(pixels))(image('edm2.pixels'));
    const { mean } = splitRawLatents(image('edm2.raw'));
    expect(relativeError(only.dataSync(), normalizer.toLatents(mean).dataSync())).toBeLessThan(1e-5);
  });
  it('decodes as EDM2 does', async () => {
    const { vae, params } = await loadTiny();
    const codec = createLatentCodec({ vae, params, normalizer });
    const before = compile((z: tf.Tensor4D) => vae.decode(params, normalizer.toRaw(z)))(image('edm2.latents'));
    expect(relativeError(before.dataSync(), values('edm2.decoded_pre').data)).toBeLessThan(1e-5);
    const pixels = compile(codec.decode)(image('edm2.latents')).dataSync();
    const expected = values('edm2.decoded').data;
    // Truncated: float32 may land on the other side of an integer, of a few of 24,576 values.
    expect(maxAbsoluteError(pixels, expected)).toBeLessThanOrEqual(1);
    expect([...pixels].filter((value, i) => value !== expected[i]).length).toBeLessThan(25);
  });
});

it('a codec refuses the statistics of another autoencoder', () => {
  const vae = createAutoencoderKL({ block_out_channels: [8], norm_num_groups: 4, latent_channels: 16 });
  expect(() => createLatentCodec({ vae, params: {}, normalizer })).toThrow(/of 16 channels, got 4/);
});

describe('latentMetadata', () => {
  it('comes back from a snapshot’s text fields', () => {
    const metadata = { config: '{}', ...latentMetadata('stabilityai/sd-vae-ft-mse', normalizer) };
    const read = readLatentMetadata(metadata);
    expect(read).toEqual({ vae: 'stabilityai/sd-vae-ft-mse', normalizer: normalizer.options });
    expect(read && createLatentNormalizer(read.normalizer).scale).toEqual(normalizer.scale);
    expect(readLatentMetadata({ config: '{}' })).toBeUndefined();
    const sha256 = '0123456789abcdef'.repeat(4);
    expect(readLatentMetadata(latentMetadata('x', normalizer, { sha256 }))?.sha256).toBe(sha256);
  });
  it.each([
    '',
    '{}',
    '[]',
    '{"vae":"x"}',
    '{"vae":"x","normalizer":{"rawMean":["a"]}}',
    'null',
    '{"vae":"x","sha256":"1","normalizer":{"rawMean":[0],"rawStd":[1],"finalMean":0,"finalStd":1}}',
  ])('refuses %j', (latents) => {
    expect(() => readLatentMetadata({ latents })).toThrow(/readLatentMetadata: expected the metadata field latents/);
  });
});

describe('inBatches', () => {
  const rows = tf.tensor2d([1, 2, 3, 4, 5], [5, 1]);
  it('gives what one call gives, in calls of one size', async () => {
    const sizes: number[] = [];
    const progress: number[][] = [];
    const before = tf.memory().numTensors;
    const result = await inBatches(
      (x: tf.Tensor2D, noise?: tf.Tensor2D) => {
        sizes.push(x.shape[0]);
        return tf.tidy(() => tf.concat([tf.mul(x, 2), noise ?? x], 1));
      },
      rows,
      { batch: 2, noise: rows, onProgress: (...at) => progress.push(at) },
    );
    expect(result.arraySync()).toEqual([1, 2, 3, 4, 5].map((x) => [2 * x, x]));
    expect(sizes).toEqual([2, 2, 2]);
    expect(progress).toEqual([
      [2, 5],
      [4, 5],
      [5, 5],
    ]);
    expect(tf.memory().numTensors).toBe(before + 1);
    const wide = await inBatches(async (x: tf.Tensor2D) => tf.neg(x), rows, { batch: 100 });
    expect([...wide.dataSync()]).toEqual([-1, -2, -3, -4, -5]);
  });
  it('stops between calls and cleans up when it is stopped or a call fails', async () => {
    const before = tf.memory().numTensors;
    const stop = new AbortController();
    const calls: number[] = [];
    const fn = (x: tf.Tensor2D) => {
      calls.push(1);
      stop.abort(new Error('enough'));
      return tf.neg(x);
    };
    await expect(inBatches(fn, rows, { batch: 2, signal: stop.signal })).rejects.toThrow('enough');
    expect(calls).toHaveLength(1);
    const broken = () => Promise.reject(new Error('broken'));
    await expect(inBatches(broken, rows)).rejects.toThrow('broken');
    await expect(inBatches(fn, rows, { batch: 0 })).rejects.toThrow(/whole number of at least 1/);
    await expect(inBatches(fn, rows, { noise: tf.slice(rows, [0], [2]) })).rejects.toThrow(/noise with 5 rows/);
    expect(tf.memory().numTensors).toBe(before + 1); // the slice
  });
});
