import { known } from '@edm2/options';
import type { ParameterSpec } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { downsampler, level, middle, upsampler } from './blocks.js';
import { checkImages } from './check-images.js';
import { type AutoencoderConfig, type DiffusersConfig, resolveConfig } from './config.js';
import { silu } from './group-norm.js';
import { type Network, type OnActivation, type Params, type Part, type Run, startNetwork } from './network.js';

/** What an encoder makes of images: a normal distribution for each latent value, `[N, H/factor, W/factor, latentChannels]` each. */
export type Posterior = {
  mean: tf.Tensor4D;
  /** ln of the variance, −30 … 20. */
  logvar: tf.Tensor4D;
  /** `exp(logvar/2)`. */
  std: tf.Tensor4D;
};

/** Options of a run. */
export interface RunOptions {
  /** Called with the output of every convolution and block, under diffusers' names (`encoder.down_blocks.0.resnets.1`). */
  readonly onActivation?: OnActivation | undefined;
}

/** An autoencoder as a description: data and pure functions, no weights. The network's own values: no shift, no clamp, no scaling factor. */
export interface AutoencoderKL {
  readonly config: AutoencoderConfig;
  /** Every parameter; names as diffusers writes them, shapes TensorFlow.js's. */
  readonly parameters: readonly ParameterSpec[];
  /** Pixels of an image for one of a latent, along a side: 8 for Stable Diffusion's. */
  readonly factor: number;
  /**
   * @param params - tensors of `parameters` by name; further names are ignored. Only the encoder's are read.
   * @param images - `[N, H, W, inChannels]`, sides multiples of `factor`.
   * @returns new tensors.
   * @throws {RangeError} when a parameter is missing or misshapen, or the images are misshapen.
   */
  encode(params: Params, images: tf.Tensor4D, options?: RunOptions): Posterior;
  /**
   * @param params - tensors of `parameters` by name; further names are ignored. Only the decoder's are read.
   * @param latents - `[N, h, w, latentChannels]`.
   * @returns new tensor `[N, h·factor, w·factor, outChannels]`.
   * @throws {RangeError} when a parameter is missing or misshapen, or the latents are misshapen.
   */
  decode(params: Params, latents: tf.Tensor4D, options?: RunOptions): tf.Tensor4D;
}

/** Bounds of the log variance, as in diffusers. */
const LOGVAR_MIN = -30;
const LOGVAR_MAX = 20;

/**
 * Describes an autoencoder of diffusers' class AutoencoderKL (Stable Diffusion's). Nothing is allocated.
 *
 * @param config - the parsed `config.json`; keys that do not describe the network are ignored.
 * @throws {RangeError} when a key is missing, of the wrong kind, or asks for anything but an AutoencoderKL.
 */
export function createAutoencoderKL(config: DiffusersConfig): AutoencoderKL {
  const resolved = resolveConfig(config);
  const { inChannels, latentChannels, blockOutChannels, normNumGroups } = resolved;
  const factor = 2 ** (blockOutChannels.length - 1);
  const net = startNetwork(normNumGroups);
  const encoder = encoderOf(net, resolved);
  const decoder = decoderOf(net, resolved);
  return {
    config: resolved,
    parameters: net.parameters,
    factor,
    encode(params, images, options = {}) {
      const { onActivation } = known('encode', options, { onActivation: true });
      checkImages('encode', 'images', images, inChannels, factor);
      const run: Run = { params, tap: onActivation };
      return tf.tidy(() => {
        const [mean, raw] = tf.split(encoder(run, images), 2, -1) as [tf.Tensor4D, tf.Tensor4D];
        const logvar = tf.clipByValue(raw, LOGVAR_MIN, LOGVAR_MAX);
        return { mean, logvar, std: tf.exp(tf.mul<tf.Tensor4D>(logvar, 0.5)) };
      });
    },
    decode(params, latents, options = {}) {
      const { onActivation } = known('decode', options, { onActivation: true });
      checkImages('decode', 'latents', latents, latentChannels, 1);
      return tf.tidy(() => decoder({ params, tap: onActivation }, latents));
    },
  };
}

function encoderOf(net: Network, config: AutoencoderConfig): Part {
  const { inChannels, latentChannels, blockOutChannels: widths, layersPerBlock, midBlockAddAttention } = config;
  const moments = 2 * latentChannels;
  const last = widths.length - 1;
  const bottom = widths[last] ?? 0;
  const input = net.conv('encoder.conv_in', inChannels, widths[0] ?? 0, 3);
  const levels = widths.map((to, i) => {
    const name = `encoder.down_blocks.${i}`;
    const resample: Part = i < last ? downsampler(net, name, to) : (_run, x) => x;
    return level(net, name, { from: widths[Math.max(i - 1, 0)] ?? 0, to }, layersPerBlock, resample);
  });
  const mid = middle(net, 'encoder.mid_block', bottom, midBlockAddAttention);
  const norm = net.norm('encoder.conv_norm_out', bottom);
  const output = net.conv('encoder.conv_out', bottom, moments, 3);
  const quant: Part = config.useQuantConv ? net.conv('quant_conv', moments, moments, 1) : (_run, x) => x;
  return (run, x) => {
    let y = input(run, x);
    for (const down of levels) y = down(run, y);
    return quant(run, output(run, silu(norm(run, mid(run, y)))));
  };
}

function decoderOf(net: Network, config: AutoencoderConfig): Part {
  const { outChannels, latentChannels: z, blockOutChannels, layersPerBlock, midBlockAddAttention } = config;
  const widths = blockOutChannels.toReversed();
  const last = widths.length - 1;
  const [bottom = 0] = widths;
  const top = widths[last] ?? 0;
  const quant: Part = config.usePostQuantConv ? net.conv('post_quant_conv', z, z, 1) : (_run, x) => x;
  const input = net.conv('decoder.conv_in', z, bottom, 3);
  const mid = middle(net, 'decoder.mid_block', bottom, midBlockAddAttention);
  const levels = widths.map((to, i) => {
    const name = `decoder.up_blocks.${i}`;
    const resample: Part = i < last ? upsampler(net, name, to) : (_run, x) => x;
    return level(net, name, { from: widths[Math.max(i - 1, 0)] ?? 0, to }, layersPerBlock + 1, resample);
  });
  const norm = net.norm('decoder.conv_norm_out', top);
  const output = net.conv('decoder.conv_out', top, outChannels, 3);
  return (run, x) => {
    let y = mid(run, input(run, quant(run, x)));
    for (const up of levels) y = up(run, y);
    return output(run, silu(norm(run, y)));
  };
}
