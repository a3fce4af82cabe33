import '@tensorflow/tfjs';
import { readFile } from 'node:fs/promises';
import { createAutoencoderKL } from '@edm2/latent-vae';
import { toFileShape } from '@edm2/tensor-files/tfjs';
import { goldenPath } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { image, loadTiny } from './golden-vae.fixture.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

interface Keys {
  config: Record<string, unknown>;
  parameters: number;
  shapes: Record<string, number[]>;
}
const real = JSON.parse(await readFile(goldenPath('vae-keys.json'), 'utf8')) as Keys;

describe('createAutoencoderKL', () => {
  it('describes Stable Diffusion’s: 248 tensors of these names and shapes, 83,653,863 parameters', () => {
    const before = tf.memory().numTensors;
    const { parameters, factor } = createAutoencoderKL(real.config);
    const shapes = Object.fromEntries(parameters.map(({ name, shape }) => [name, toFileShape(shape)]));
    expect(shapes).toEqual(real.shapes);
    expect(parameters).toHaveLength(248);
    const size = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
    expect(parameters.reduce((total, { shape }) => total + size(shape), 0)).toBe(83_653_863);
    expect(factor).toBe(8);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('ignores diffusers’ keys that do not describe the network, refuses unknown ones, fills in the defaults', () => {
    const { config } = createAutoencoderKL({ block_out_channels: [64], scaling_factor: 0.18215, _note: true });
    expect(() => createAutoencoderKL({ block_out_channels: [64], layersPerBlock: 2 })).toThrow(/got layersPerBlock/);
    expect(config).toEqual({
      inChannels: 3,
      outChannels: 3,
      latentChannels: 4,
      blockOutChannels: [64],
      layersPerBlock: 1,
      normNumGroups: 32,
      midBlockAddAttention: true,
      useQuantConv: true,
      usePostQuantConv: true,
    });
  });

  it('builds later variants: no quantisation convolutions, no attention', () => {
    const config = {
      ...real.config,
      use_quant_conv: false,
      use_post_quant_conv: false,
      mid_block_add_attention: false,
    };
    const names = createAutoencoderKL({ ...config, latent_channels: 16 }).parameters.map(({ name }) => name);
    expect(names.filter((name) => /quant_conv|attentions/.test(name))).toEqual([]);
    expect(names).toContain('encoder.mid_block.resnets.1.conv2.weight');
  });

  it.each([
    [{ _class_name: 'VQModel' }, /_class_name to be AutoencoderKL, got "VQModel"/],
    [{ act_fn: 'gelu' }, /act_fn/],
    [{ block_out_channels: undefined }, /block_out_channels/],
    [{ block_out_channels: [16, 0] }, /block_out_channels/],
    [{ norm_num_groups: 48 }, /norm_num_groups to be a divisor/],
    [{ down_block_types: ['DownEncoderBlock2D'] }, /down_block_types to be 4 times/],
    [{ up_block_types: Array(4).fill('AttnUpDecoderBlock2D') }, /up_block_types/],
    [{ layers_per_block: 1e9 }, /layers_per_block/],
    [{ latent_channels: 1.5 }, /latent_channels/],
    [{ use_quant_conv: 'no' }, /use_quant_conv/],
  ])('refuses %j', (change, text) => {
    expect(() => createAutoencoderKL({ ...real.config, ...change })).toThrow(text);
  });

  it('leaves nothing behind and refuses what does not fit', async () => {
    const { vae, params } = await loadTiny();
    const x = image('x');
    const before = tf.memory().numTensors;
    const posterior = vae.encode(params, tf.slice(x, [0, 0, 0, 0], [1, 16, 8, 3]));
    expect(tf.memory().numTensors).toBe(before + 4); // the slice too
    expect(posterior.mean.shape).toEqual([1, 2, 1, 4]);
    expect(() => vae.encode(params, tf.ones([1, 12, 16, 3]))).toThrow(/multiples of 8, got \[1,12,16,3\]/);
    expect(() => vae.encode(params, tf.ones([1, 16, 16, 4]))).toThrow(/\[N, H, W, 3\]/);
    expect(() => vae.decode(params, tf.ones([1, 16, 16, 3]))).toThrow(/latents of shape \[N, H, W, 4\]/);
    const { 'decoder.conv_in.bias': _, ...fewer } = params;
    expect(() => vae.decode(fewer, tf.ones([1, 2, 2, 4]))).toThrow(
      /decoder\.conv_in\.bias of shape \[48\], got no such/,
    );
    expect(vae.encode(fewer, tf.ones([1, 8, 8, 3])).std.shape).toEqual([1, 1, 1, 4]);
  });
});
