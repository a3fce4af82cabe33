import '@tensorflow/tfjs';
import { createAutoencoderKL, createAutoencoderTiny } from '@edm2/latent-vae';
import { describeAutoencoder, loadAutoencoder, loadAutoencoderTiny } from '@edm2/latent-vae/node';
import { goldenPath, maxAbsoluteError, nchwToNhwc, readGolden } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

const reference = readGolden('vae-variants/reference');
const folder = (name: string): string => goldenPath(`vae-variants/${name}`);
const values = (name: string) => nchwToNhwc(reference.get(name));
const image = (name: string): tf.Tensor4D => {
  const { shape, data } = values(name);
  return tf.tensor(Float32Array.from(data), shape as [number, number, number, number]);
};
/** Of values of order 1, float32 on both sides. */
const near = (actual: tf.Tensor, name: string): void => {
  expect(actual.shape, name).toEqual(values(name).shape);
  expect(maxAbsoluteError(actual.dataSync(), values(name).data), name).toBeLessThan(2e-5);
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('diffusers’ variants of AutoencoderKL give what diffusers gives, written by diffusers', () => {
  it.each([
    ['sdxl', 'an fp16 variant, force_upcast', 4, 0.13025],
    ['sd3', 'in shards with an index, 16 channels, no quantisation convolutions, a shift', 16, 1.5305],
    ['flux', 'pickled halves, 16 channels, no quantisation convolutions, a shift', 16, 0.3611],
    ['no-attention', 'no attention in the middle, scaled channel by channel', 4, 0.18215],
  ])('%s: %s', async (name, _, channels, factor) => {
    const before = tf.memory().numTensors;
    const { vae, params, scaling } = await loadAutoencoder(folder(name));
    expect(vae.config.latentChannels).toBe(channels);
    expect(scaling).toBeDefined();
    tf.tidy(() => {
      const { mean, std } = vae.encode(params, image('images'));
      near(mean, `${name}.mean`);
      near(std, `${name}.std`);
      const latents = scaling?.toLatents(mean) ?? tf.zerosLike(mean);
      near(latents, `${name}.latents`);
      const raw = scaling?.toRaw(image(`${name}.latents`)) ?? latents;
      near(vae.decode(params, raw), `${name}.decoded`);
      if (name !== 'no-attention') expect(scaling?.scale[0]).toBeCloseTo(factor, 6);
    });
    tf.dispose(params);
    expect(tf.memory().numTensors).toBe(before);
    // Without the weights, the same.
    const described = await describeAutoencoder(folder(name));
    expect(described.vae.config).toEqual(vae.config);
    expect(described.scaling.options).toEqual(scaling?.options);
  });

  it('weights alone do not say how their latents are scaled', async () => {
    await expect(describeAutoencoder(goldenPath('vae-single/checkpoint.safetensors'))).rejects.toThrow(
      /expected a folder with a config\.json, got .*checkpoint/,
    );
  });
});

describe('AutoencoderTiny', () => {
  it('encodes and decodes like diffusers’, in half precision on the disk', async () => {
    const before = tf.memory().numTensors;
    const { vae, params } = await loadAutoencoderTiny(folder('taesd'));
    expect(vae.factor).toBe(4);
    tf.tidy(() => {
      near(vae.encode(params, image('images')), 'taesd.latents');
      near(vae.decode(params, image('taesd.z')), 'taesd.decoded');
    });
    const taps: string[] = [];
    tf.tidy(() => void vae.decode(params, image('taesd.z'), { onActivation: (name) => taps.push(name) }));
    expect(taps).toContain('decoder.layers.2');
    tf.dispose(params);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is TAESD by default: 4 levels of 64, as many parameters as diffusers’', () => {
    const { config, factor, parameters } = createAutoencoderTiny({});
    expect([config.width, factor]).toEqual([64, 8]);
    const size = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
    const count = (part: string): number =>
      parameters.filter(({ name }) => name.startsWith(part)).reduce((total, { shape }) => total + size(shape), 0);
    expect([count('encoder.'), count('decoder.')]).toEqual([1_222_532, 1_222_531]);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ act_fn: 'silu' }, /act_fn to be relu, got "silu"/],
    [{ encoder_block_out_channels: [64, 32, 64, 64] }, /encoder_block_out_channels to be one width/],
    [{ num_decoder_blocks: [3, 3, 1] }, /4 numbers, as many as every other list/],
    [{ num_encoder_blocks: [1, 0, 3, 3] }, /num_encoder_blocks to be whole numbers of 1 to 64, got 0/],
    [{ block_size: 3 }, /expected keys of an AutoencoderTiny .*, got block_size/],
    [{ _class_name: 'AutoencoderKL' }, /got "AutoencoderKL"\. Read it with createAutoencoderKL, or loadAutoencoder\./],
  ])('refuses %j', (config, message) => {
    expect(() => createAutoencoderTiny(config)).toThrow(message);
  });

  it('refuses misshapen images and latents, and a folder without a configuration', async () => {
    const { vae, params } = await loadAutoencoderTiny(folder('taesd'));
    expect(() => vae.encode(params, tf.ones([1, 6, 8, 3]))).toThrow(/multiples of 4, got \[1,6,8,3\]/);
    expect(() => vae.decode(params, tf.ones([1, 2, 2, 3]))).toThrow(/latents of shape \[N, H, W, 4\]/);
    tf.dispose(params);
    await expect(loadAutoencoderTiny(goldenPath('vae-single/checkpoint.safetensors'))).rejects.toThrow(
      /expected a folder with a config\.json, got .*checkpoint/,
    );
  });
});

describe('other classes are refused by name, with what can be done', () => {
  it.each([
    ['AsymmetricAutoencoderKL', /got "AsymmetricAutoencoderKL"\. It has a wider decoder, .*for inpainting/],
    ['AutoencoderTiny', /got "AutoencoderTiny"\. Read it with createAutoencoderTiny, or loadAutoencoderTiny/],
    ['VQModel', /got "VQModel"\. Of diffusers’ autoencoders AutoencoderKL .* and AutoencoderTiny \(TAESD\) are read/],
    ['AutoencoderKLFlux2', /got "AutoencoderKLFlux2"\. Of diffusers/],
    ['AutoencoderDC', /got "AutoencoderDC"\. Of diffusers/],
    ['toString', /got "toString"\. Of diffusers/],
  ])('%s', (name, message) => {
    expect(() => createAutoencoderKL({ _class_name: name, block_out_channels: [32] })).toThrow(message);
  });

  it('of folders, too', async () => {
    await expect(loadAutoencoder(folder('taesd'))).rejects.toThrow(/taesd.config\.json: .*loadAutoencoderTiny/);
    await expect(loadAutoencoderTiny(folder('sdxl'))).rejects.toThrow(/sdxl.config\.json: .*loadAutoencoder\./);
  });
});
