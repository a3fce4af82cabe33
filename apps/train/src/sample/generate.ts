import { precondition } from '@edm2/edm2-unet';
import { loadNetwork } from '@edm2/edm2-unet/node';
import type { EngineReport } from '@edm2/engine';
import { type Denoiser, guide, heun, karrasSchedule, sampleSeeds } from '@edm2/sampler';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { gridLabels, toPixels } from './images.js';

/** What {@link generate} needs. */
export interface GenerateOptions {
  /** A network snapshot. */
  readonly path: string;
  /** A worse network of the same kind, and how far to go away from it (autoguidance); none: not guided. */
  readonly guidance?: { readonly path: string; readonly weight: number };
  readonly seeds: readonly number[];
  /** Steps of the Heun sampler; 2·steps − 1 network evaluations. */
  readonly steps: number;
  readonly batch: number;
  readonly engine: EngineReport;
  readonly onProgress?: (done: number) => void;
  readonly signal: AbortSignal;
}

/** Columns of the grids: seed s is of class floor(s / 10) mod classes. */
export const GRID_COLUMNS = 10;

/**
 * Images of a snapshot, one per seed.
 *
 * @returns pixels `[seeds, H, W, C]`.
 */
export async function generate(options: GenerateOptions) {
  const { path, guidance, seeds, steps, batch, engine, onProgress, signal } = options;
  const main = await loadDenoiser(path, engine);
  const weaker = guidance && (await loadDenoiser(guidance.path, engine));
  const denoiser =
    guidance && weaker ? guide({ main: main.denoise, guide: weaker.denoise, weight: guidance.weight }) : main.denoise;
  const { imgResolution: side, imgChannels: channels, labelDim } = main.config;
  const size = side * side * channels;
  const data = new Uint8Array(seeds.length * size);
  let done = 0;
  try {
    for await (const { images, seeds: drawn } of sampleSeeds({
      denoiser,
      seeds: [...seeds],
      shape: [side, side, channels],
      ...(labelDim > 0 ? { labels: gridLabels(labelDim, GRID_COLUMNS) } : {}),
      solver: (denoiser: Parameters<typeof heun>[0], noise: tf.Tensor, options: object) =>
        heun(denoiser, noise, { ...options, sigmas: karrasSchedule({ steps }) }),
      batch: Math.min(batch, seeds.length),
    })) {
      data.set(toPixels(images), done * size);
      images.dispose();
      done += drawn.length;
      onProgress?.(done);
      signal.throwIfAborted();
    }
  } finally {
    main.dispose();
    weaker?.dispose();
  }
  return { data, shape: [seeds.length, side, side, channels] as [number, number, number, number] };
}

/** D(x; σ) of a snapshot, compiled with the weights as constants: normalised once. */
async function loadDenoiser(path: string, { engine }: EngineReport) {
  const { unet, params } = await loadNetwork(path);
  const denoise = precondition(unet)(params);
  const compiled = jit(
    (x: tf.Tensor, sigma: tf.Tensor, labels: tf.Tensor | undefined) =>
      denoise(x as tf.Tensor4D, sigma as tf.Tensor1D, labels as tf.Tensor2D | undefined),
    engine ? { engine } : {},
  );
  return {
    config: unet.config,
    denoise: ((x, sigma, labels) => compiled(x, sigma, labels)) satisfies Denoiser,
    dispose() {
      compiled.dispose();
      tf.dispose(params);
    },
  };
}
