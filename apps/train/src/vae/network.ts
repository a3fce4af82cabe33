import { type AutoencoderKL, createAutoencoderKL } from '@edm2/latent-vae';
import { createRandom, type RandomStream } from '@edm2/random';
import type { Params } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import type { VaeConfig } from './vae-config.js';

/** Channels of a group of the norms at the narrowest level, as in Stable Diffusion's autoencoder; groups at most, too. */
const GROUP = 4;
const MAX_GROUPS = 32;

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The autoencoder that a configuration asks for: RGB, no quantisation convolutions, which a linear layer of the network does as well. */
export function createVae({
  channels,
  layers,
  latentChannels,
  attention,
}: Pick<VaeConfig, 'channels' | 'layers' | 'latentChannels' | 'attention'>): AutoencoderKL {
  return createAutoencoderKL({
    block_out_channels: channels,
    layers_per_block: layers,
    latent_channels: latentChannels,
    mid_block_add_attention: attention,
    norm_num_groups: groupsOf(channels.reduce(gcd)),
    use_quant_conv: false,
    use_post_quant_conv: false,
  });
}

/** The largest number of groups of at least four channels that divides the widths. */
function groupsOf(common: number): number {
  for (let groups = Math.min(MAX_GROUPS, Math.floor(common / GROUP)); groups > 1; groups--)
    if (common % groups === 0) return groups;
  return 1;
}

/**
 * Draws an autoencoder's parameters as PyTorch's layers begin: weights and biases uniform in ±1/√fan_in, norms 1 and 0. Each has a stream of
 * its own, `(seed, 'init', name)`.
 *
 * @returns new tensors, the caller's.
 */
export function initVae({ parameters }: AutoencoderKL, seed: number): Params {
  const random = createRandom(seed);
  const fanIn = new Map(
    parameters.map(({ name, shape }) => [name, shape.slice(0, -1).reduce((product, side) => product * side, 1)]),
  );
  return Object.fromEntries(
    parameters.map(({ name, kind, shape }): [string, tf.Tensor] => {
      const dims = [...shape];
      if (kind === 'norm') return [name, name.endsWith('.weight') ? tf.ones(dims) : tf.zeros(dims)];
      const inputs = fanIn.get(name.replace(/\.bias$/, '.weight')) ?? 1;
      return [name, tf.tensor(uniform(random.stream('init', name), size(dims), 1 / Math.sqrt(inputs)), dims)];
    }),
  );
}

const uniform = (stream: RandomStream, count: number, bound: number): Float32Array =>
  stream.uniform(count).map((value) => (2 * value - 1) * bound);

const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
