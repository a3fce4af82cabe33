import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createUNet, precondition, type UNetOptions } from '@edm2/edm2-unet';
import { createUncertainty } from '@edm2/loss-weighting';
import { createRandom } from '@edm2/random';
import { heun, karrasSchedule, sampleSeeds } from '@edm2/sampler';
import { jit } from '@edm2/tfjs-jit';
import type { XlaEngine } from '@edm2/tfjs-xla';
import { adam, createTrainStep, disposeTree, learningRate } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { pixelsToUnit, unitToPixels } from '../../../packages/dataset/src/pixels.js';
import { writeGrid } from '../../../packages/edm2/src/pictures/write-grid.js';
import { mnist } from './home.js';

/** How long, on what, and where the grid goes. */
export interface TrainOptions {
  readonly engine: XlaEngine;
  readonly seconds: number;
  readonly smoke: boolean;
  readonly grid: string;
  readonly say: (progress: TrainProgress) => void;
}

/** Where the training stands. */
export interface TrainProgress {
  readonly images: number;
  readonly seconds: number;
  readonly loss: number;
  /** Share of the calls that found the device with nothing to do. */
  readonly idle: number;
}

const SIDE = 32;
const CLASSES = 10;
const [PMEAN, PSTD] = [-0.8, 1.4];

/** MNIST at 32×32 is no network's limit: large enough that a GPU has to work for a step. */
const netOf = (smoke: boolean): UNetOptions => ({
  imgResolution: SIDE,
  imgChannels: 1,
  labelDim: CLASSES,
  modelChannels: smoke ? 8 : 64,
  channelMult: smoke ? [1, 2] : [1, 2, 2],
  numBlocks: smoke ? 1 : 2,
  attnResolutions: [8],
  channelsPerHead: smoke ? 8 : 64,
});

/** Digits with a border of two pixels, in −1…1. */
function digits(): { readonly count: number; image(i: number): Float32Array; label(i: number): number } {
  const [images, labels] = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'].map((name) =>
    readFileSync(join(mnist(), name)),
  ) as [Buffer, Buffer];
  const count = Math.min(images.readUInt32BE(4), Math.floor((images.length - 16) / 784));
  return {
    count,
    image(i) {
      const padded = new Uint8Array(SIDE * SIDE);
      for (let y = 0; y < 28; y++)
        padded.set(images.subarray(16 + 784 * i + 28 * y, 16 + 784 * i + 28 * (y + 1)), (y + 2) * SIDE + 2);
      return pixelsToUnit(padded);
    },
    label: (i) => labels[8 + i] as number,
  };
}

/** Trains on MNIST's digits for a time, draws from the average, ten classes in ten rows. */
export async function train({ engine, seconds, smoke, grid, say }: TrainOptions): Promise<void> {
  const unet = createUNet(netOf(smoke));
  const batch = smoke ? 8 : 256;
  const training = createTrainStep({ unet, uncertainty: createUncertainty(), optimizer: adam(), emaSigmaRels: [0.1] });
  const step = jit(training.step, { donate: [0], precision: 'bfloat16', engine });
  const data = digits();
  const random = createRandom(0);
  const [dt, size] = [tf.scalar(batch), batch * SIDE * SIDE];
  let state = training.init(0);
  let images = 0;
  let [calls, idle] = [0, 0];
  let metrics: { loss: tf.Tensor; rawLoss: tf.Tensor } | undefined;
  let begun: number | undefined;
  const elapsed = (): number => (begun === undefined ? 0 : (performance.now() - begun) / 1000);
  const advance = (): void => {
    const chosen = random.stream('images', images).uniform(batch);
    const pixels = new Float32Array(size);
    const labels = new Float32Array(batch * CLASSES);
    chosen.forEach((u, i) => {
      const index = Math.floor(u * data.count);
      pixels.set(data.image(index), i * SIDE * SIDE);
      labels[i * CLASSES + data.label(index)] = 1;
    });
    const inputs = {
      images: tf.tensor4d(pixels, [batch, SIDE, SIDE, 1]),
      noise: tf.tensor4d(random.stream('noise', images).normal(size), [batch, SIDE, SIDE, 1]),
      sigma: tf.tensor1d(
        random
          .stream('sigma', images)
          .normal(batch)
          .map((x) => Math.exp(PMEAN + PSTD * x)),
      ),
      labels: tf.tensor2d(labels, [batch, CLASSES]),
      learningRate: tf.scalar(learningRate(images, { ref: 0.01, decayBatches: 2000, batch, rampupMimg: 0.01 })),
      t: tf.scalar(images + batch),
      dt,
    };
    if (metrics && begun !== undefined) {
      calls++;
      if (engine.isReady(metrics.loss)) idle++;
    }
    const next = step(state, inputs);
    const { dt: _, ...spent } = inputs;
    disposeTree(spent);
    if (metrics) tf.dispose([metrics.loss, metrics.rawLoss]);
    ({ state, metrics } = next);
    images += batch;
  };
  advance();
  await metrics?.loss.data();
  begun = performance.now();
  let [told, recent] = [0, images];
  while (elapsed() < seconds) {
    advance();
    // A queue without an end would hold every batch.
    if (images - recent >= 16 * batch || elapsed() - told > 5) {
      recent = images;
      const loss = (await metrics?.loss.data())?.[0] ?? Number.NaN;
      if (elapsed() - told > 5) {
        told = elapsed();
        say({ images, seconds: told, loss, idle: calls === 0 ? 0 : idle / calls });
      }
    }
  }
  const loss = (await metrics?.loss.data())?.[0] ?? Number.NaN;
  say({ images, seconds: elapsed(), loss, idle: calls === 0 ? 0 : idle / calls });

  const average = { ...state.params, ...state.ema['0.1'] };
  const denoiser = jit(precondition(unet)(average as typeof state.params), { engine });
  const count = smoke ? 10 : 100;
  const drawn: number[] = [];
  for await (const { images: made } of sampleSeeds({
    denoiser: (x, sigma, labels) => denoiser(x as tf.Tensor4D, sigma, labels as tf.Tensor2D),
    seeds: Array.from({ length: count }, (_, i) => i),
    shape: [SIDE, SIDE, 1],
    labels: (seed) => Math.floor((seed * CLASSES) / count),
    labelDim: CLASSES,
    solver: heun,
    sigmas: karrasSchedule({ steps: smoke ? 4 : 18 }),
    batch: count,
  })) {
    for (const value of unitToPixels(made.dataSync() as Float32Array)) drawn.push(value);
    made.dispose();
  }
  await writeGrid(grid, { data: Uint8Array.from(drawn), shape: [count, SIDE, SIDE, 1] }, { columns: 10, scale: 2 });
}
