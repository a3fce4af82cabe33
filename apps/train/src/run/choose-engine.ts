import { UsageError } from '@edm2/command/errors';
import {
  ENGINE_NAMES,
  ENGINES,
  type EngineName,
  type EngineOptions,
  type EngineReport,
  startEngine,
} from '@edm2/engine';
import { disposeTree, type TrainBatch, type TrainState, type TrainStep } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import type { RunConfig } from '../options/run-config.js';
import { buildNetwork } from './network.js';
import { createStepper } from './stepper.js';

/** What `--engine tune` times: everything that compiles. */
const TUNED: readonly EngineName[] = ENGINE_NAMES.filter((name) => ENGINES[name].compiles);
const WARM_UP = 3;
const TIMED = 9;

/** Starts the engine of that name; `'tune'` times a few steps of this very run on each that answers and takes the fastest. */
export async function chooseEngine(name: string, config: RunConfig, options: EngineOptions): Promise<EngineReport> {
  if (name !== 'tune') return startEngine(name as EngineName, options);
  const timed: { name: EngineName; seconds: number }[] = [];
  const reasons: string[] = [];
  for (const candidate of TUNED) {
    try {
      const report = await startEngine(candidate, options);
      // A plainly installed tfjs-node runs op by op: known to be slow, and it keeps the compiler's backend out.
      if (report.engine) timed.push({ name: candidate, seconds: await timeSteps(config, report) });
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
    // TensorFlow opens one device in a process.
    if (candidate === 'tensorflow-gpu' && timed.length > 0) break;
  }
  const [best] = [...timed].sort((a, b) => a.seconds - b.seconds);
  if (best === undefined)
    throw new Error(`--engine tune: expected an engine that compiles, got none: ${reasons.join(' ')}`);
  const report = await startEngine(best.name, options);
  const figures = timed.map((entry) => `${entry.name} ${(1000 * entry.seconds).toFixed(0)} ms a step`);
  return {
    ...report,
    why: `${report.name} ${report.version} on ${report.device}, the fastest here: ${figures.join(', ')}`,
  };
}

/** @throws {UsageError} when the engine does not compute in the run's precision. */
export function checkPrecision({ precision }: Pick<RunConfig, 'precision'>, { name, engine }: EngineReport): void {
  if (precision === 'float32' || engine?.precisions?.includes(precision)) return;
  throw new UsageError(
    `--precision ${precision}: expected an engine that computes in it, got ${name}. Add --engine xla or --engine tensorflow, or train in float32.`,
  );
}

/** One line on what 16 bit is, and what it is not. */
export const saysPrecision = (precision: RunConfig['precision']): string =>
  `${precision}: convolutions, matrix products and, on xla, the activations between them; parameters, embedding, norms, loss, optimizer and averages are float32; gradients that are not finite count as 0`;

/** Median seconds of a whole training step of the run's network and batch on made-up images. */
async function timeSteps(config: RunConfig, { engine }: EngineReport): Promise<number> {
  const { training } = buildNetwork(config);
  const stepper = createStepper(training as TrainStep, { ...config, engine });
  let state: TrainState = training.init(config.seed);
  const seconds: number[] = [];
  try {
    for (let i = 0; i < WARM_UP + TIMED; i++) {
      const batch = madeUpBatch(config);
      const start = performance.now();
      const { state: next, losses } = stepper.step(state, batch);
      state = next;
      await losses.read();
      if (i >= WARM_UP) seconds.push((performance.now() - start) / 1000);
      disposeTree(batch);
    }
  } finally {
    stepper.dispose();
    disposeTree(state);
  }
  return seconds.sort((a, b) => a - b)[TIMED >> 1] ?? Number.POSITIVE_INFINITY;
}

function madeUpBatch({ batch, network, lr }: RunConfig): TrainBatch {
  const { imgResolution: side, imgChannels: channels, labelDim, augmentDim } = network;
  const shape: [number, number, number, number] = [batch, side, side, channels];
  return {
    images: tf.fill(shape, 0.5),
    noise: tf.fill(shape, 1),
    sigma: tf.fill([batch], 0.5),
    learningRate: tf.scalar(lr),
    t: tf.scalar(batch),
    dt: tf.scalar(batch),
    ...(augmentDim ? { augmentLabels: tf.fill([batch, augmentDim], 0) } : {}),
    ...(labelDim > 0 ? { labels: tf.fill([batch, labelDim], 0) } : {}),
  };
}
