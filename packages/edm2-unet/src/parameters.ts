import { weightNorm } from '@edm2/mp-layers';
import { createRandom, draw } from '@edm2/random';
import * as tf from '@tensorflow/tfjs-core';
import type { Params } from './network.js';
import type { UNet } from './unet.js';
import type { Vocabulary } from './vocabulary.js';

/**
 * Draws a network's parameters. Each has its own stream, `(seed, 'init', name)`: a parameter's values depend on nothing else.
 *
 * @param seed - a safe integer.
 * @returns new tensors by name, buffers included; the caller disposes.
 * @throws {RangeError} when seed is not a safe integer.
 */
export function initParams(unet: UNet, seed: number): Params {
  const random = createRandom(seed);
  return Object.fromEntries(
    unet.parameters.map(({ name, shape, init }) => {
      const values = draw(init, size(shape), random.stream('init', name));
      return [name, tf.tensor(values, [...shape], 'float32')];
    }),
  );
}

/**
 * Forced weight normalisation: every weight overwritten by its normalised self, see {@link forcedWeight}. What starts a
 * training step of configs E to G; A to D leave weights alone, and so does this.
 *
 * @param params - tensors by name; names that are not the network's weights pass through.
 * @returns new tensors for all names; the caller disposes.
 * @see Karras et al. 2024, eq. 66 and Algorithm 1.
 */
export function forceWeightNorm(unet: UNet, params: Params): Params {
  const weights = new Set(
    unet.vocabulary.forcedWeightNorm ? unet.parameters.filter((p) => p.kind === 'weight').map((p) => p.name) : [],
  );
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      weights.has(name) ? forcedWeight(unet.vocabulary, value) : tf.clone(value),
    ]),
  );
}

/**
 * One weight normalised: RMS 1 for each output where layers divide by √fan_in on use, 1/√fan_in where they do not.
 *
 * @param w - `[..., in, out]`.
 * @returns new tensor of w's shape.
 */
export function forcedWeight({ layer }: Pick<Vocabulary, 'layer'>, w: tf.Tensor): tf.Tensor {
  if (layer.normalizes) return weightNorm(w);
  const fanIn = size(w.shape.slice(0, -1));
  return tf.tidy(() => tf.mul(weightNorm(w), 1 / Math.sqrt(fanIn)));
}

/**
 * Number of trained parameters, buffers not counted; nothing is allocated. A network of the ladder alone: the loss-weighting
 * head, which is thrown away after training, has 128 more (129 in config B). Pass both for the figure with it.
 *
 * @param networks - anything that lists its parameters.
 * @see Karras et al. 2024, Table 1, which rounds the counts without the head to 0.1 million.
 */
export const countParameters = (...networks: readonly Described[]): number =>
  networks
    .flatMap(({ parameters }) => parameters.filter(({ kind }) => kind !== 'buffer'))
    .reduce((total, { shape }) => total + size(shape), 0);

/** A network as far as counting goes. */
export interface Described {
  readonly parameters: readonly { readonly shape: readonly number[]; readonly kind: string }[];
}

const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);
