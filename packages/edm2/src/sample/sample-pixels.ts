import type { UNet } from '@edm2/edm2-unet';
import {
  type Churn,
  type Denoiser,
  type KarrasScheduleOptions,
  karrasSchedule,
  sampleSeeds,
  solvers,
} from '@edm2/sampler';
import { type Decoder, pixelDecoder } from './decode.js';
import { oneHot, type PixelBatch } from './images.js';

/** Solvers by their names on the command line. */
export const SOLVERS = solvers;

/** How a sample is drawn: everything that changes it but network and seed. */
export interface SamplerSettings extends KarrasScheduleOptions {
  /** Default `heun`: 2·steps − 1 network evaluations. */
  readonly solver?: keyof typeof SOLVERS;
  readonly churn?: Churn | undefined;
}

/** What {@link samplePixels} needs. */
export interface SampleOptions {
  readonly denoise: Denoiser;
  /** Of the network that is sampled. */
  readonly config: Pick<UNet['config'], 'imgResolution' | 'imgChannels' | 'labelDim'>;
  readonly seeds: readonly number[];
  /** Class of a seed, −1 for none. Not asked of networks without classes. */
  readonly classOf: (seed: number) => number;
  /** Label of a seed, `[labelDim]`, in place of its class: for labels that are no classes, and mixtures of some. */
  readonly labelOf?: ((seed: number) => Float32Array) | undefined;
  readonly settings: SamplerSettings;
  /** Images at a time. */
  readonly batch: number;
  /**
   * Fill a last or only batch up to `batch`, however few its seeds: work that goes on later must compute in the same shapes as
   * before to be equal to the last bit. Default: a batch is no larger than the number of seeds.
   */
  readonly fullBatches?: boolean;
  /** Default: the network's own values are pixels. */
  readonly decoder?: Decoder;
  readonly onProgress?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Some of the images asked for. */
export interface SampledPixels {
  readonly seeds: readonly number[];
  readonly images: PixelBatch;
}

/** One image per seed, batch by batch. Progress counts images, those of a batch under way in shares. */
export async function* samplePixels(options: SampleOptions): AsyncGenerator<SampledPixels, void, undefined> {
  const { denoise, config, seeds, classOf, settings, batch, fullBatches, onProgress, signal } = options;
  const { decoder = pixelDecoder, labelOf = (seed) => oneHot(classOf(seed), config.labelDim) } = options;
  const { imgResolution: side, imgChannels: channels, labelDim } = config;
  const { solver = 'heun', churn, ...schedule } = settings;
  const size = fullBatches ? batch : Math.min(batch, seeds.length);
  const decoding = decoder.steps ?? 1;
  let done = 0;
  let stepsDone = 0;
  /** Images done, that of the batch under way in shares of `steps` and decoding. */
  const report = (steps: number): void => {
    const share = steps / (stepsDone + decoding);
    onProgress?.(done + Math.floor(Math.min(size, seeds.length - done) * share));
  };
  for await (const { seeds: drawn, images } of sampleSeeds({
    denoiser: denoise,
    seeds,
    shape: [side, side, channels],
    ...(labelDim > 0 ? { labels: labelOf, labelDim } : {}),
    solver: SOLVERS[solver],
    sigmas: karrasSchedule(schedule),
    churn,
    batch: size,
    onStep: async ({ step, steps }) => {
      stepsDone = steps;
      report(step + 1);
      // Lets Ctrl-C through: a compiled evaluation returns synchronously.
      await new Promise((resolve) => setImmediate(resolve));
    },
    signal,
  })) {
    try {
      yield {
        seeds: drawn,
        images: await decoder.decode(images, {
          onProgress: (part, all) => report(stepsDone + (decoding * part) / all),
          signal,
        }),
      };
    } finally {
      images.dispose();
    }
    done += drawn.length;
    onProgress?.(done);
    signal?.throwIfAborted();
  }
}

/** All images at once, `[seeds, H, W, C]`. */
export async function sampleAll(options: SampleOptions): Promise<PixelBatch> {
  let data: Uint8Array | undefined;
  let shape: PixelBatch['shape'] = [0, 0, 0, 0];
  let at = 0;
  for await (const { images } of samplePixels(options)) {
    shape = [options.seeds.length, images.shape[1], images.shape[2], images.shape[3]];
    data ??= new Uint8Array(shape.reduce((a, b) => a * b, 1));
    data.set(images.data, at);
    at += images.data.length;
  }
  return { data: data ?? new Uint8Array(0), shape };
}
