import { type Batch, createLoader, type Dataset } from '@edm2/dataset';
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
  { seed, batch: count, crop, lr }: Pick<VaeConfig, 'seed' | 'batch' | 'crop' | 'lr'>,
  nimg: number,
): AsyncGenerator<VaeInput> {
  const random = createRandom(seed);
  const side = crop / vae.factor;
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
          images: tf.tensor4d(cropped({ images, shape, startImage }, crop, random), [count, crop, crop, shape[3]]),
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

/** A square of each image, 0 … 1; where, depends on (seed, image number). */
function cropped(
  { images, shape: [count, , side, channels], startImage }: Pick<Batch, 'images' | 'shape' | 'startImage'>,
  crop: number,
  random: ReturnType<typeof createRandom>,
): Float32Array {
  const out = new Float32Array(count * crop * crop * channels);
  const row = crop * channels;
  for (let n = 0; n < count; n++) {
    const [top = 0, left = 0] =
      crop < side ? random.stream('crop', startImage + n).integers(2, side - crop + 1) : [0, 0];
    for (let y = 0; y < crop; y++) {
      const from = ((n * side + top + y) * side + left) * channels;
      for (let i = 0; i < row; i++) out[(n * crop + y) * row + i] = (images[from + i] as number) / 255;
    }
  }
  return out;
}
