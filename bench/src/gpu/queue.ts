import { createUNet, initParams, precondition, type UNetOptions } from '@edm2/edm2-unet';
import { createUncertainty } from '@edm2/loss-weighting';
import { jit } from '@edm2/tfjs-jit';
import type { XlaEngine } from '@edm2/tfjs-xla';
import { adam, createTrainStep } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { makeInputs, withGains } from '../ours/inputs.js';
import type { Precision } from './plan.js';

const LEARNING_RATE = 0.01;

/** Work whose calls are queued: `call` returns before the device is done, `wait` when it is. */
export interface Queued {
  call(): void;
  wait(): void;
  /** Whether the device has done all that was queued: the next call finds it idle. */
  isDone(): boolean;
  dispose(): void;
}

/** How work is compiled. */
export interface QueueOptions {
  readonly engine: XlaEngine;
  readonly net: UNetOptions;
  readonly batch: number;
  readonly precision: Precision;
}

/** TF32 is the engine's own setting. */
const computing = (precision: Precision) => (precision === 'bfloat16' ? 'bfloat16' : 'float32');

/** Whole training steps: forced normalisation, loss, gradients, non-finite ones to 0, Adam, two averages. */
export function queueSteps({ engine, net, batch, precision }: QueueOptions): Queued {
  const unet = createUNet(net);
  const { init, step } = createTrainStep({
    unet,
    uncertainty: createUncertainty(),
    optimizer: adam(),
    emaSigmaRels: [0.05, 0.1],
  });
  const compiled = jit(step, { donate: [0], precision: computing(precision), engine });
  const inputs = makeInputs(unet, batch);
  const learningRate = tf.scalar(LEARNING_RATE);
  const dt = tf.scalar(batch);
  const initial = init(0);
  let state = { ...initial, params: withGains(unet, initial.params) };
  let loss: tf.Tensor | undefined;
  let images = 0;
  return {
    call() {
      images += batch;
      const t = tf.scalar(images);
      const next = compiled(state, { ...inputs, learningRate, t, dt });
      state = next.state;
      tf.dispose([t, next.metrics.rawLoss, ...(loss ? [loss] : [])]);
      loss = next.metrics.loss;
    },
    // What one call makes is there at once: its loss, when the averages are.
    wait: () => void loss?.dataSync(),
    isDone: () => loss === undefined || engine.isReady(loss),
    dispose() {
      compiled.dispose();
      tf.dispose([state, inputs, learningRate, dt, ...(loss ? [loss] : [])] as never);
    },
  };
}

/** D(x; σ) with constant weights, as a sampler calls it. */
export function queueForward({ engine, net, batch, precision }: QueueOptions): Queued {
  const unet = createUNet(net);
  const denoise = precondition(unet)(withGains(unet, initParams(unet, 0)));
  const { images, sigma, labels } = makeInputs(unet, batch);
  // A number that waits for all others, so that waiting copies nothing else off the device.
  const compiled = jit(
    (x: tf.Tensor4D, level: tf.Tensor1D, given?: tf.Tensor2D) => {
      const denoised = denoise(x, level, given);
      return { denoised, sum: tf.sum(denoised) };
    },
    { precision: computing(precision), engine },
  );
  let last: { denoised: tf.Tensor; sum: tf.Tensor } | undefined;
  return {
    call() {
      const next = compiled(images, sigma, labels);
      if (last) tf.dispose(last);
      last = next;
    },
    wait: () => void last?.sum.dataSync(),
    isDone: () => last === undefined || engine.isReady(last.sum),
    dispose() {
      compiled.dispose();
      if (last) tf.dispose(last);
      tf.dispose([images, sigma, ...(labels ? [labels] : [])]);
    },
  };
}
