import { createLoader, type Dataset } from '@edm2/dataset';
import type { AutoencoderKL } from '@edm2/latent-vae';
import { createRandom } from '@edm2/random';
import { learningRate } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import type { VaeConfig } from './vae-config.js';
import type { VaeBatch } from './vae-step.js';

/** What one step is fed, and where it stands. */
export interface VaeInput {
  readonly batch: VaeBatch;
  readonly learningRate: number;
  /** Images seen after the step. */
  readonly nimg: number;
}

/** Batches over which the rate rises at first, and after which it decays, by the inverse square root. */
const RAMP_UP_BATCHES = 50;
const DECAY_BATCHES = 1000;

/** Batches from image number `nimg` on; what is drawn depends on (seed, image number) alone. The caller disposes their tensors. */
export async function* vaeBatches(
  dataset: Dataset,
  vae: AutoencoderKL,
  { seed, batch: count, lr }: Pick<VaeConfig, 'seed' | 'batch' | 'lr'>,
  nimg: number,
): AsyncGenerator<VaeInput> {
  const random = createRandom(seed);
  const side = dataset.resolution / vae.factor;
  const latents: [number, number, number, number] = [count, side, side, vae.config.latentChannels];
  const schedule = { ref: lr, decayBatches: DECAY_BATCHES, batch: count, rampupMimg: (RAMP_UP_BATCHES * count) / 1e6 };
  const loader = createLoader(dataset, { batch: count, seed, startImage: nimg });
  try {
    for await (const { images, shape, startImage } of loader) {
      const after = startImage + count;
      // Of the step's end: the first one moves, too.
      const rate = learningRate(after, schedule);
      const size = latents.reduce((product, each) => product * each, 1);
      yield {
        batch: {
          images: tf.tensor4d(
            Float32Array.from(images, (value) => value / 255),
            [...shape],
          ),
          noise: tf.tensor4d(random.stream('posterior', startImage).normal(size), latents),
          learningRate: tf.scalar(rate),
          t: tf.scalar(after),
          dt: tf.scalar(count),
        },
        learningRate: rate,
        nimg: after,
      };
    }
  } finally {
    await loader.return?.();
  }
}
