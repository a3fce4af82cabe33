import { weightNorm } from '@edm2/mp-layers';
import { createRandom, draw } from '@edm2/random';
import * as tf from '@tensorflow/tfjs-core';
import type { ParameterSpec, Params } from './network.js';
import type { Vocabulary } from './vocabulary.js';

/**
 * Draws the parameters of a network, of the loss's head, or of both as one. Each has its own stream, `(seed, 'init', name)`: a parameter's values depend on nothing else.
 *
 * @param seed - a safe integer.
 * @returns new tensors by name, buffers included; the caller disposes.
 * @throws {RangeError} when seed is not a safe integer.
 */
export function initParams({ parameters }: { readonly parameters: readonly ParameterSpec[] }, seed: number): Params {
  const random = createRandom(seed);
  return Object.fromEntries(
    parameters.map(({ name, shape, init }) => {
      const values = draw(init, size(shape), random.stream('init', name));
      return [name, tf.tensor(values, [...shape], 'float32')];
    }),
  );
}

/** What can be normalised: a network, or several of one vocabulary as one. */
export interface Normalizable {
  readonly parameters: readonly Pick<ParameterSpec, 'name' | 'kind'>[];
  readonly vocabulary: Pick<Vocabulary, 'forcedWeightNorm' | 'layer'>;
}

/**
 * Forced weight normalisation: every weight overwritten by its normalised self, RMS 1 for each output where layers divide by √fan_in
 * on use, 1/√fan_in where they do not. What starts a training step of configs E to G; A to D leave weights alone, and so does this.
 *
 * @param network - the U-Net; or `{ parameters, vocabulary }` of the U-Net and the loss's head as one.
 * @param params - tensors by name; names that are not the network's weights pass through.
 * @returns new tensors for all names; the caller disposes.
 * @see Karras et al. 2024, eq. 66 and Algorithm 1.
 */
export function forceWeightNorm({ parameters, vocabulary }: Normalizable, params: Params): Params {
  const weights = new Set(
    vocabulary.forcedWeightNorm ? parameters.filter(({ kind }) => kind === 'weight').map(({ name }) => name) : [],
  );
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      weights.has(name) ? forcedWeight(vocabulary, value) : tf.clone(value),
    ]),
  );
}

/** @param w - `[..., in, out]`. */
function forcedWeight({ layer }: Pick<Vocabulary, 'layer'>, w: tf.Tensor): tf.Tensor {
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
