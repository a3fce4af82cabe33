import { type AutoencoderKL, type AutoencoderLoss, createAutoencoderLoss } from '@edm2/latent-vae';
import { type AdamMoments, adam, type Params, powerEma, type TrainState } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { initVae } from './network.js';
import type { VaeConfig } from './vae-config.js';

/** What one step is fed. Tensors only, so that it compiles once. */
export type VaeBatch = {
  /** `[N, H, W, 3]`, 0 … 1. */
  readonly images: tf.Tensor4D;
  /** Standard normal, of the latents' shape. */
  readonly noise: tf.Tensor4D;
  readonly learningRate: tf.Tensor;
  /** Images seen after the step, and images of it. */
  readonly t: tf.Tensor;
  readonly dt: tf.Tensor;
};

/** A training step of an autoencoder as pure functions. */
export interface VaeStep {
  init(seed: number): TrainState<AdamMoments>;
  step(state: TrainState<AdamMoments>, batch: VaeBatch): { state: TrainState<AdamMoments>; metrics: AutoencoderLoss };
}

/** Length of the average that is written, previewed and measured, relative to the training so far. */
const AVERAGE = powerEma(0.1);

/** The averaged parameters of a state. */
export const averaged = ({ ema }: TrainState): Params => ema[AVERAGE.name] ?? {};

/** Autoencoder → loss → gradients → Adam → average. Nothing inside draws, reads or keeps. */
export function createVaeStep(
  vae: AutoencoderKL,
  { distance, detail, kl }: Pick<VaeConfig, 'distance' | 'detail' | 'kl'>,
): VaeStep {
  const lossOf = createAutoencoderLoss({ vae, distance: distance === 'l1' ? tf.abs : tf.square, detail, kl });
  const optimizer = adam();
  const names = vae.parameters.map(({ name }) => name);
  return {
    init(seed) {
      const params = initVae(vae, seed);
      return {
        params,
        uncertainty: {},
        moments: optimizer.init(params),
        ema: { [AVERAGE.name]: AVERAGE.init(params) },
      };
    },
    step: (state, { images, noise, learningRate, t, dt }) =>
      tf.tidy(() => {
        let metrics: AutoencoderLoss | undefined;
        const objective = (...values: tf.Tensor[]): tf.Scalar => {
          const params = Object.fromEntries(names.map((name, i) => [name, values[i] as tf.Tensor]));
          metrics = lossOf(params, images, noise);
          // Kept: what a differentiated function makes besides its result is disposed when it returns.
          for (const metric of Object.values(metrics)) tf.keep(metric);
          return tf.clone(metrics.loss);
        };
        const { grads } = tf.valueAndGrads(objective)(names.map((name) => state.params[name] as tf.Tensor));
        const gradients = Object.fromEntries(names.map((name, i) => [name, grads[i] as tf.Tensor]));
        const { params, moments } = optimizer.update(state.params, gradients, state.moments, learningRate);
        const kept = metrics as AutoencoderLoss;
        const copies = Object.fromEntries(Object.entries(kept).map(([name, metric]) => [name, tf.clone(metric)]));
        tf.dispose(Object.values(kept));
        return {
          state: {
            params,
            uncertainty: {},
            moments,
            ema: { [AVERAGE.name]: AVERAGE.step(averaged(state), params, { t, dt }) },
          },
          metrics: copies as AutoencoderLoss,
        };
      }),
  };
}
