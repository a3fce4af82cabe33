import type { Engine } from '@edm2/tfjs-jit';
import { jit } from '@edm2/tfjs-jit';
import { disposeTree, type GradientBatch, type TrainBatch, type TrainState, type TrainStep } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';

/** What a step tells the host. */
export interface StepResult {
  readonly state: TrainState;
  /** Mean of the loss map. */
  readonly loss: number;
  /** Weighted squared error of each image, before the uncertainty. */
  readonly rawLoss: Float32Array;
}

/** Compiled steps. The state is consumed; the batch stays the caller's. */
export interface Stepper {
  step(state: TrainState, batch: TrainBatch): StepResult;
  dispose(): void;
}

/** The whole batch in one compiled call, or, with fewer images at once, microbatches whose gradients are summed. */
export function createStepper(training: TrainStep, batch: number, atOnce: number, engine: Engine | undefined): Stepper {
  const options = engine ? { engine } : {};
  return atOnce === batch ? wholeSteps(training, options) : summedSteps(training, batch, atOnce, options);
}

function wholeSteps(training: TrainStep, options: { engine?: Engine }): Stepper {
  const step = jit(training.step, { ...options, donate: [0] });
  return {
    step(state, batch) {
      const { state: next, metrics } = step(state, batch);
      const loss = metrics.loss.dataSync()[0] ?? Number.NaN;
      const rawLoss = Float32Array.from(metrics.rawLoss.dataSync());
      disposeTree(metrics);
      return { state: next, loss, rawLoss };
    },
    dispose: () => step.dispose(),
  };
}

function summedSteps(training: TrainStep, batch: number, atOnce: number, options: { engine?: Engine }): Stepper {
  const accumulate = jit(training.accumulate, { ...options, donate: [1] });
  const apply = jit(training.apply, { ...options, donate: [0, 1] });
  return {
    step(state, whole) {
      let gradients = training.zeroGradients();
      let loss = 0;
      const rawLoss = new Float32Array(batch);
      for (let at = 0; at < batch; at += atOnce) {
        const part = microbatch(whole, at, atOnce);
        const { gradients: sum, metrics } = accumulate(state, gradients, part);
        gradients = sum;
        loss += ((metrics.loss.dataSync()[0] ?? Number.NaN) * atOnce) / batch;
        rawLoss.set(metrics.rawLoss.dataSync(), at);
        disposeTree(metrics);
        disposeTree(part);
      }
      const { learningRate, t, dt } = whole;
      return { state: apply(state, gradients, { learningRate, t, dt }), loss, rawLoss };
    },
    dispose() {
      accumulate.dispose();
      apply.dispose();
    },
  };
}

/** Images `at … at + count − 1`, all of it the caller's to dispose; `dt` stays that of the whole step. */
function microbatch(
  { images, labels, sigma, noise, dt, dropoutMasks, augmentLabels }: TrainBatch,
  at: number,
  count: number,
): GradientBatch {
  const rows = <T extends tf.Tensor>(tensor: T): T => tf.slice(tensor, [at], [count]);
  return {
    images: rows(images),
    sigma: rows(sigma),
    noise: rows(noise),
    dt: tf.clone(dt),
    ...(labels ? { labels: rows(labels) } : {}),
    ...(augmentLabels ? { augmentLabels: rows(augmentLabels) } : {}),
    ...(dropoutMasks
      ? { dropoutMasks: Object.fromEntries(Object.entries(dropoutMasks).map(([name, mask]) => [name, rows(mask)])) }
      : {}),
  };
}
