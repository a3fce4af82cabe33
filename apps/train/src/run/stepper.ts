import { type JitOptions, jit } from '@edm2/tfjs-jit';
import { disposeTree, type GradientBatch, type TrainBatch, type TrainState, type TrainStep } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';

/** What a step measured, still where it was computed. */
export interface StepLosses {
  /** Waits until the step is done, while the event loop goes on; once, since it disposes what it reads. */
  read(): Promise<{
    /** Mean of the loss map. */
    readonly loss: number;
    /** Weighted squared error of each image, before the uncertainty. */
    readonly rawLoss: Float32Array;
  }>;
  /** Lets go what will not be read. */
  dispose(): void;
}

/** What a step gives: an engine may still be at it. */
export interface StepResult {
  readonly state: TrainState;
  readonly losses: StepLosses;
}

/** Compiled steps. The state is consumed; the batch stays the caller's. */
export interface Stepper {
  step(state: TrainState, batch: TrainBatch): StepResult;
  dispose(): void;
}

/** Which images a step takes at once, and what computes them. */
export interface StepperOptions extends Pick<JitOptions, 'precision'> {
  readonly batch: number;
  readonly batchGpu: number;
  readonly engine: JitOptions['engine'] | undefined;
}

type Metrics = ReturnType<TrainStep['step']>['metrics'];

/** The whole batch in one compiled call, or, with fewer images at once, microbatches whose gradients are summed. */
export function createStepper(training: TrainStep, options: StepperOptions): Stepper {
  const { batch, batchGpu, engine, precision = 'float32' } = options;
  const compiling = engine ? { engine, precision } : {};
  return batchGpu === batch ? wholeSteps(training, compiling) : summedSteps(training, batch, batchGpu, compiling);
}

/** Losses of a step's microbatches, all of one size. */
function lossesOf(parts: readonly Metrics[]): StepLosses {
  const dispose = (): void => parts.forEach(disposeTree);
  return {
    async read() {
      try {
        const read = await Promise.all(
          parts.map(async ({ loss, rawLoss }) => ({ loss: await loss.data(), rawLoss: await rawLoss.data() })),
        );
        return {
          loss: read.reduce((sum, { loss }) => sum + (loss[0] ?? Number.NaN) / parts.length, 0),
          rawLoss: Float32Array.from(read.flatMap(({ rawLoss }) => [...rawLoss])),
        };
      } finally {
        dispose();
      }
    },
    dispose,
  };
}

function wholeSteps(training: TrainStep, options: JitOptions): Stepper {
  const step = jit(training.step, { ...options, donate: [0] });
  return {
    step(state, batch) {
      const { state: next, metrics } = step(state, batch);
      return { state: next, losses: lossesOf([metrics]) };
    },
    dispose: () => step.dispose(),
  };
}

function summedSteps(training: TrainStep, batch: number, atOnce: number, options: JitOptions): Stepper {
  const accumulate = jit(training.accumulate, { ...options, donate: [1] });
  const apply = jit(training.apply, { ...options, donate: [0, 1] });
  return {
    step(state, whole) {
      let gradients = training.zeroGradients();
      const parts: Metrics[] = [];
      for (let at = 0; at < batch; at += atOnce) {
        const part = microbatch(whole, at, atOnce);
        const { gradients: sum, metrics } = accumulate(state, gradients, part);
        gradients = sum;
        parts.push(metrics);
        disposeTree(part);
      }
      const { learningRate, t, dt } = whole;
      return { state: apply(state, gradients, { learningRate, t, dt }), losses: lossesOf(parts) };
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
