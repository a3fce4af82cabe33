import { initParams, type UNet } from '@edm2/edm2-unet';
import type { Uncertainty } from '@edm2/loss-weighting';
import { createRandom, draw } from '@edm2/random';
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from './adam.js';
import type { TrainState } from './state.js';
import { mapParams, type Params, pick, type TensorTree } from './tree.js';

/** Name of the traditional average among the tracks. */
export const HALF_LIFE = 'halflife';

/** What a state is made for. */
export interface InitOptions<M extends TensorTree> {
  readonly unet: UNet;
  readonly uncertainty: Uncertainty | undefined;
  readonly optimizer: Optimizer<M>;
  /** Names of the running averages. */
  readonly tracks: readonly string[];
  /** Names of everything trained. */
  readonly trained: readonly string[];
}

/** The state before the first step; every tensor has memory of its own, so that any of them may be donated. */
export function initState<M extends TensorTree>(
  { unet, uncertainty, optimizer, tracks, trained }: InitOptions<M>,
  seed: number,
): TrainState<M> {
  const params = initParams(unet, seed);
  const head = initHead(uncertainty, seed);
  const trainable = pick({ ...params, ...head }, trained);
  return {
    params,
    uncertainty: head,
    moments: optimizer.init(trainable),
    // The first update of a power-function average has dt = t and overwrites it; a traditional one starts at the weights.
    ema: Object.fromEntries(tracks.map((name) => [name, mapParams(trainable, copy)])),
  };
}

/** Each parameter from its own stream, as `initParams` does for the net. */
function initHead(uncertainty: Uncertainty | undefined, seed: number): Params {
  const random = createRandom(seed);
  return Object.fromEntries(
    (uncertainty?.parameters ?? []).map(({ name, shape, init }) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [name, tf.tensor(draw(init, size, random.stream('init', name)), [...shape], 'float32')];
    }),
  );
}

/** A copy with memory of its own, which tf.clone does not make. */
const copy = (tensor: tf.Tensor): tf.Tensor => tf.mul(tensor, 1);
