import { type Batch, createLoader, type Dataset, pixelsToUnit } from '@edm2/dataset';
import type { UNet } from '@edm2/edm2-unet';
import { createRandom } from '@edm2/random';
import { learningRate, type TrainBatch } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import type { RunConfig } from '../options/run-config.js';
import { augmentImages, augmentOf } from './augment-images.js';
import { drawLatents } from './draw-latents.js';

/** What one step is fed, and where it stands. */
export interface StepInput {
  readonly batch: TrainBatch;
  readonly learningRate: number;
  /** Noise levels `[N]`, on the host. */
  readonly sigmas: Float32Array;
  /** Images seen after the step. */
  readonly nimg: number;
}

/**
 * The run's batches from image number `nimg` on. Images, their augmentation, noise levels, noise and dropout depend on (seed, image number) alone,
 * so a run that resumes at n draws what it would have drawn.
 *
 * The caller disposes the tensors of each batch.
 */
export async function* batches(
  dataset: Dataset,
  config: RunConfig,
  unet: UNet,
  nimg: number,
  signal: AbortSignal,
): AsyncGenerator<StepInput> {
  const random = createRandom(config.seed);
  const { batch: count, dropout, lr: ref, decay: decayBatches, rampupMimg } = config;
  const loader = createLoader(dataset, { batch: count, seed: config.seed, startImage: nimg });
  const masks = unet.dropoutShapes(count);
  const augment = augmentOf(config);
  try {
    for await (const { images, shape: stored, labels, startImage } of loader) {
      if (signal.aborted) return;
      const shape = [...stored.slice(0, 3), config.network.imgChannels] as [number, number, number, number];
      const values = valuesOf({ images, shape: stored, startImage }, config, random);
      const told = augment && augmentImages(augment, { values, shape, startImage }, random);
      const rate = learningRate(startImage, { ref, decayBatches, batch: count, rampupMimg });
      const after = startImage + count;
      const size = shape.reduce((a, b) => a * b, 1);
      const sigmas = noiseLevels(random.stream('sigma', startImage).normal(count), config);
      const batch: TrainBatch = {
        images: tf.tensor4d(told?.values ?? values, shape),
        sigma: tf.tensor1d(sigmas),
        noise: tf.tensor4d(random.stream('noise', startImage).normal(size), shape),
        learningRate: tf.scalar(rate),
        t: tf.scalar(after),
        dt: tf.scalar(count),
        ...(config.network.labelDim > 0 ? { labels: tf.tensor2d(labels, [count, config.network.labelDim]) } : {}),
        ...(told ? { augmentLabels: tf.tensor2d(told.labels, [count, told.labels.length / count]) } : {}),
        ...(dropout > 0
          ? {
              dropoutMasks: Object.fromEntries(
                Object.entries(masks).map(([name, maskShape]) => {
                  const uniform = random
                    .stream('dropout', startImage, name)
                    .uniform(maskShape.reduce((a, b) => a * b, 1));
                  const keep = 1 / (1 - dropout);
                  return [
                    name,
                    tf.tensor4d(
                      uniform.map((u) => (u < dropout ? 0 : keep)),
                      maskShape,
                    ),
                  ];
                }),
              ),
            }
          : {}),
      };
      yield { batch, learningRate: rate, sigmas, nimg: after };
    }
  } finally {
    await loader.return?.();
  }
}

/** `exp(pMean + pStd·z)`, as `sampleSigmas` has it, on the host: read from a device, it would wait for the step that runs there. */
const noiseLevels = (normals: Float32Array, { pMean, pStd }: Pick<RunConfig, 'pMean' | 'pStd'>): Float32Array =>
  normals.map((z) => Math.exp(Math.fround(Math.fround(z * pStd) + pMean)));

/** What the network is trained on: pixels in −1…1, or standardised latents. */
function valuesOf(
  { images, shape, startImage }: Pick<Batch, 'images' | 'shape' | 'startImage'>,
  { latents }: RunConfig,
  random: ReturnType<typeof createRandom>,
): Float32Array {
  if (images instanceof Uint8Array) return pixelsToUnit(images);
  return latents ? drawLatents({ values: images, shape, startImage }, latents, random) : images;
}
