import { createUNet, initParams, precondition, type UNetOptions } from '@edm2/edm2-unet';
import { createUncertainty } from '@edm2/loss-weighting';
import { checkpoint, type JitOptions, jit, type MemoryPlan } from '@edm2/tfjs-jit';
import { adam, createTrainStep } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { makeInputs, withGains } from './inputs.js';

/** Something to time: `run` does it once, results read back where reading is what finishes the work. */
export interface Run {
  run(): void;
  /** Compiled functions held. */
  sessions(): number;
}

const LEARNING_RATE = 0.01;

/** A training step. */
export interface StepRun extends Run {
  /** What a call needs, without calling. */
  memory(): MemoryPlan;
}

/** How a function is compiled. */
export interface RunOptions {
  /** Of convolutions and matrix products; default float32. */
  readonly precision?: NonNullable<JitOptions['precision']>;
  /** Computes each block again in the backward pass; default false. */
  readonly checkpointed?: boolean;
}

/** The whole step: forced normalisation, loss, gradients, non-finite replacement, Adam, two EMA tracks. */
export function stepRun(
  net: UNetOptions,
  batch: number,
  { precision = 'float32', checkpointed = false }: RunOptions = {},
): StepRun {
  const unet = createUNet(net);
  const { init, step } = createTrainStep({
    unet,
    uncertainty: createUncertainty(),
    optimizer: adam(),
    emaSigmaRels: [0.05, 0.1],
    ...(checkpointed && { checkpoint }),
  });
  const compiled = jit(step, { donate: [0], precision });
  const inputs = makeInputs(unet, batch);
  const learningRate = tf.scalar(LEARNING_RATE);
  const dt = tf.scalar(batch);
  const initial = init(0);
  let state = { ...initial, params: withGains(unet, initial.params) };
  let images = 0;
  return {
    run() {
      images += batch;
      const t = tf.scalar(images);
      const next = compiled(state, { ...inputs, learningRate, t, dt });
      state = next.state;
      next.metrics.loss.dataSync();
      tf.dispose([t, next.metrics]);
    },
    memory: () => compiled.memory(state, { ...inputs, learningRate, t: dt, dt }),
    sessions: () => compiled.cacheSize,
  };
}

/** D(x; σ) with constant weights, as a sampler runs it. */
export function forwardRun(net: UNetOptions, batch: number, { precision = 'float32' }: RunOptions = {}): Run {
  const unet = createUNet(net);
  const params = withGains(unet, initParams(unet, 0));
  const compiled = jit(precondition(unet)(params), { precision });
  const { images, sigma, labels } = makeInputs(unet, batch);
  return {
    run() {
      const denoised = compiled(images, sigma, labels);
      denoised.dataSync();
      denoised.dispose();
    },
    sessions: () => compiled.cacheSize,
  };
}
