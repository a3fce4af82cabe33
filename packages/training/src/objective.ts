import { type Checkpoint, precondition, type UNet } from '@edm2/edm2-unet';
import { type LossWeight, type Uncertainty, weightedLoss } from '@edm2/loss-weighting';
import * as tf from '@tensorflow/tfjs-core';
import type { GradientBatch, TrainMetrics } from './state.js';
import { type Params, pick } from './tree.js';

/** What the loss is made of. */
export interface ObjectiveOptions {
  readonly unet: UNet;
  readonly uncertainty: Uncertainty | undefined;
  readonly sigmaData: number;
  readonly lossWeight: LossWeight;
  /** Factor of the loss that gradients are taken of. */
  readonly lossScale: number;
  /** Names of everything trained. */
  readonly trained: readonly string[];
  readonly checkpoint: Checkpoint | undefined;
}

/** The loss of a batch at given parameters, net and head in one record, and its gradients for everything trained. */
export type Objective = (params: Params, batch: GradientBatch) => { gradients: Params; metrics: TrainMetrics };

/**
 * Gradients of `lossScale·sum(loss map)/dt`, loss map = `λ(σ)/e^u · (D(y + σ·n; σ) − y)² + u`.
 *
 * @see Karras et al. 2024, eq. 14, 15, 21.
 */
export function createObjective({
  unet,
  uncertainty,
  sigmaData,
  lossWeight,
  lossScale,
  trained,
  checkpoint,
}: ObjectiveOptions): Objective {
  const denoiser = precondition(unet, { sigmaData });
  return (params, batch) => {
    const { images, sigma, noise, labels, dt, dropoutMasks, augmentLabels } = batch;
    const lambda = lossWeight(sigma, { sigmaData });
    let error: tf.Tensor | undefined;
    const objective = (...values: tf.Tensor[]): tf.Scalar => {
      const all = { ...params, ...Object.fromEntries(trained.map((name, i) => [name, values[i] as tf.Tensor])) };
      const noisy = tf.add(images, tf.mul(noise, tf.reshape(sigma, [-1, 1, 1, 1]))) as tf.Tensor4D;
      const denoised = denoiser(all)(noisy, sigma, labels, { dropoutMask: dropoutMasks, checkpoint, augmentLabels });
      const squared = tf.square(tf.sub(denoised, images));
      // Kept: what a differentiated function makes besides its result is disposed when it returns.
      error = tf.keep(tf.mean(squared, [1, 2, 3]));
      const u = uncertainty?.apply(all, tf.mul(tf.log(sigma), 1 / 4));
      const loss = tf.div(tf.sum(weightedLoss(squared, lambda, u)), dt) as tf.Scalar;
      return lossScale === 1 ? loss : tf.mul(loss, lossScale);
    };
    const { value, grads } = tf.valueAndGrads(objective)(Object.values(pick(params, trained)));
    const rawLoss = tf.mul(lambda, error ?? tf.zerosLike(lambda));
    error?.dispose();
    return {
      gradients: Object.fromEntries(trained.map((name, i) => [name, grads[i] as tf.Tensor])),
      metrics: { loss: tf.mul(value, tf.div(dt, lossScale * images.size)), rawLoss },
    };
  };
}
