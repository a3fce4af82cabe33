import { type Dataset, pixelsToUnit } from '@edm2/dataset';
import { precondition, type UNet } from '@edm2/edm2-unet';
import type { EngineReport } from '@edm2/engine';
import { edmWeight } from '@edm2/loss-weighting';
import { createRandom, type Random } from '@edm2/random';
import { jit } from '@edm2/tfjs-jit';
import type { Params } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import type { RunConfig } from '../../options/run-config.js';
import { drawLatents } from '../draw-latents.js';

/** Losses of images that are trained on and of images that are not, at the same noise levels. */
export interface ValidationLosses {
  /** Images of each of the two. */
  readonly images: number;
  /** Noise levels, rising. */
  readonly sigmas: readonly number[];
  /** `λ(σ)·MSE` at each of them, without the learned uncertainty. */
  readonly heldOut: readonly number[];
  readonly training: readonly number[];
}

/** Measures averages on the same images with the same noise each time. */
export interface Validation {
  /** @param params - the whole network's. */
  measure(params: Params): ValidationLosses;
  dispose(): void;
}

/** What {@link createValidation} needs. */
export interface ValidationOptions {
  readonly config: RunConfig;
  readonly unet: UNet;
  readonly engine: EngineReport;
  readonly training: Dataset;
  readonly heldOut: Dataset;
}

/** Images of each kind that are measured. */
const MAX_IMAGES = 128;
/** Images at once. */
const MAX_BATCH = 32;
/** Quantiles of N(0, 1) at 1/16, 3/16, … 15/16: each level stands for an eighth of the noise levels of a training. */
const QUANTILES = [-1.534121, -0.887147, -0.488776, -0.157311, 0.157311, 0.488776, 0.887147, 1.534121] as const;

/** Images of one kind, and what they are measured with. */
interface Measured {
  /** `[N, H, W, C]` as the network sees them. */
  readonly values: Float32Array;
  /** `[N, labelDim]`. */
  readonly labels: Float32Array;
  readonly count: number;
}

/** Reads the images that are measured: as many of one kind as of the other, chosen by the seed. */
export async function createValidation(options: ValidationOptions): Promise<Validation> {
  const { config, unet, engine, training, heldOut } = options;
  const count = Math.min(MAX_IMAGES, training.sourceLength, heldOut.sourceLength);
  const random = createRandom(config.seed);
  const kinds = {
    heldOut: await read(heldOut, count, config, part(random, 'heldOut')),
    training: await read(training, count, config, part(random, 'training')),
  };
  const sigmas = QUANTILES.map((quantile) => Math.exp(config.pMean + config.pStd * quantile));
  const denoise = precondition(unet, { sigmaData: config.sigmaData });
  const errors = jit(
    (params: Params, images: tf.Tensor, noise: tf.Tensor, sigma: tf.Tensor, labels: tf.Tensor | undefined) => {
      const noisy = tf.add(images, tf.mul(noise, tf.reshape(sigma, [-1, 1, 1, 1]))) as tf.Tensor4D;
      const squared = tf.square(tf.sub(denoise(params)(noisy, sigma, labels), images));
      return tf.mul(edmWeight(sigma, { sigmaData: config.sigmaData }), tf.mean(squared, [1, 2, 3]));
    },
    engine.engine ? { engine: engine.engine } : {},
  );
  const batch = Math.min(MAX_BATCH, config.batchGpu, count);

  const meanLoss = (params: Params, kind: keyof typeof kinds, level: number): number => {
    const { values, labels } = kinds[kind];
    const each = values.length / count;
    const { imgResolution: side, imgChannels: channels, labelDim } = config.network;
    let sum = 0;
    for (let at = 0; at < count; at += batch) {
      // The last batch begins earlier, so that all have one shape; what it shares with the one before is not counted twice.
      const from = Math.min(at, count - batch);
      const shape: [number, number, number, number] = [batch, side, side, channels];
      const noise = new Float32Array(batch * each);
      for (let i = 0; i < batch; i++)
        noise.set(
          part(random, kind)
            .stream('noise', from + i, level)
            .normal(each),
          i * each,
        );
      const result = tf.tidy(() =>
        errors(
          params,
          tf.tensor4d(values.subarray(from * each, (from + batch) * each), shape),
          tf.tensor4d(noise, shape),
          tf.fill([batch], sigmas[level] as number),
          labelDim > 0
            ? tf.tensor2d(labels.subarray(from * labelDim, (from + batch) * labelDim), [batch, labelDim])
            : undefined,
        ),
      );
      for (const loss of result.dataSync().subarray(at - from)) sum += loss;
      result.dispose();
    }
    return sum / count;
  };

  return {
    measure(params) {
      const losses = (kind: keyof typeof kinds) => sigmas.map((_, level) => meanLoss(params, kind, level));
      return { images: count, sigmas, heldOut: losses('heldOut'), training: losses('training') };
    },
    dispose: () => errors.dispose(),
  };
}

/** Streams of their own, beside those of the training. */
const part = (random: Random, kind: string): Random => ({
  seed: random.seed,
  stream: (...path) => random.stream('validation', kind, ...path),
});

async function read(dataset: Dataset, count: number, config: RunConfig, random: Random): Promise<Measured> {
  const { resolution, channels: stored } = dataset;
  const { imgChannels, labelDim } = config.network;
  const each = resolution * resolution * imgChannels;
  const values = new Float32Array(count * each);
  const labels = new Float32Array(count * labelDim);
  const chosen = random.stream('images').permutation(dataset.sourceLength).subarray(0, count);
  for (const [i, index] of chosen.entries()) {
    const image = await dataset.read(index);
    const shape = [1, resolution, resolution, stored] as const;
    const drawn =
      image instanceof Uint8Array
        ? pixelsToUnit(image)
        : config.latents
          ? drawLatents({ values: image, shape, startImage: i }, config.latents, random)
          : image;
    values.set(drawn, i * each);
    if (labelDim > 0) labels.set(dataset.label(index), i * labelDim);
  }
  return { values, labels, count };
}
