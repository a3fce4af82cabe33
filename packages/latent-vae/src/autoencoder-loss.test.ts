import '@tensorflow/tfjs';
import { createAutoencoderKL, createAutoencoderLoss } from '@edm2/latent-vae';
import { loadAutoencoder } from '@edm2/latent-vae/node';
import { fromFileLayout } from '@edm2/tensor-files/tfjs';
import { goldenPath, nchwToNhwc, readGolden, relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

const golden = readGolden('vae-variants/loss');
const image = (name: string): tf.Tensor4D => {
  const { shape, data } = nchwToNhwc(golden.get(name));
  return tf.tensor(Float32Array.from(data), shape as [number, number, number, number]);
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('createAutoencoderLoss', () => {
  it.each([
    ['l1', (error: tf.Tensor4D) => tf.abs(error)],
    ['l2', (error: tf.Tensor4D) => tf.square(error)],
  ] as const)('%s: terms and gradients as PyTorch has them in float64', async (name, distance) => {
    const { vae, params } = await loadAutoencoder(goldenPath('vae-variants/sdxl'));
    const lossOf = createAutoencoderLoss({ vae, distance, detail: 0.5, kl: 0.25 });
    const [images, noise] = [image('images'), image('noise')];
    const before = tf.memory().numTensors;
    const terms = lossOf(params, images, noise);
    expect(tf.memory().numTensors).toBe(before + 5);
    for (const [term, value] of Object.entries(terms))
      expect(value.dataSync()[0], term).toBeCloseTo(golden.get(`${name}.${term}`).data[0] ?? Number.NaN, 5);

    const names = vae.parameters.map((parameter) => parameter.name);
    const { grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
      const own = Object.fromEntries(names.map((each, i) => [each, values[i] as tf.Tensor]));
      return lossOf(own, images, noise).loss;
    })(names.map((each) => params[each] as tf.Tensor));
    const stored = golden.names.filter((each) => each.startsWith(`${name}.grad.`));
    expect(stored.length).toBe(8);
    for (const each of stored) {
      const at = names.indexOf(each.slice(`${name}.grad.`.length));
      const ours = grads[at] as tf.Tensor;
      const expected = fromFileLayout(Float32Array.from(golden.get(each).data), ours.shape);
      // L1's gradient is a sign: where a value hits its original within rounding, it may be the other one.
      expect(relativeError(ours.dataSync(), expected), each).toBeLessThan(name === 'l1' ? 1e-4 : 2e-5);
    }
    tf.dispose([params, grads, Object.values(terms), images, noise]);
  });

  it('of a perfect copy is the divergence alone; constant offsets have no edges', () => {
    const vae = createAutoencoderKL({ block_out_channels: [4], norm_num_groups: 2, latent_channels: 3 });
    // The posterior is given, and decoding adds an offset: a closed form.
    const made = {
      ...vae,
      encode: () => ({ mean: tf.fill([1, 4, 4, 3], 2), logvar: tf.zeros([1, 4, 4, 3]), std: tf.ones([1, 4, 4, 3]) }),
      decode: () => tf.fill([1, 4, 4, 3], 0.75),
    } as unknown as typeof vae;
    const images = tf.fill([1, 4, 4, 3], 0.5) as tf.Tensor4D;
    const terms = createAutoencoderLoss({ vae: made, kl: 0.1 })({}, images, tf.zeros([1, 4, 4, 3]));
    const values = Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, value.dataSync()[0]]));
    // KL of N(2, 1) and N(0, 1) is 2 nats, for each of as many latents as values.
    expect(values).toEqual({
      error: 0.25,
      edges: 0,
      divergence: 2,
      squared: 0.0625,
      loss: expect.closeTo(0.45, 6),
    });
  });

  it.each([
    [{ detail: -1 }, /detail to be a number of at least 0, got -1/],
    [{ kl: Number.NaN }, /kl to be a number of at least 0, got NaN/],
    [{ ssim: 1 }, /ssim/],
  ])('refuses %j', (options, message) => {
    const vae = createAutoencoderKL({ block_out_channels: [4], norm_num_groups: 2 });
    expect(() => createAutoencoderLoss({ vae, ...options })).toThrow(message);
  });

  it('refuses an autoencoder that decodes other images than it encodes', () => {
    const vae = createAutoencoderKL({ block_out_channels: [4], norm_num_groups: 2, out_channels: 1 });
    expect(() => createAutoencoderLoss({ vae })).toThrow(/3 channels in, 1 out/);
  });
});
