import { precondition } from '@edm2/edm2-unet';
import { loadNetwork } from '@edm2/edm2-unet/node';
import type { EngineReport } from '@edm2/engine';
import { heun, karrasSchedule, sampleSeeds } from '@edm2/sampler';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { gridLabels, toPixels } from './images.js';

/** What {@link generate} needs. */
export interface GenerateOptions {
  /** A network snapshot. */
  readonly path: string;
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
export async function generate({ path, seeds, steps, batch, engine, onProgress, signal }: GenerateOptions) {
  const { unet, params } = await loadNetwork(path);
  const { imgResolution: side, imgChannels: channels, labelDim } = unet.config;
  const denoise = precondition(unet)(params);
  // The weights are captured: the compiled sampler holds them as constants, normalised once.
  const compiled = jit(
    (x: tf.Tensor, sigma: tf.Tensor, labels: tf.Tensor | undefined) =>
      denoise(x as tf.Tensor4D, sigma as tf.Tensor1D, labels as tf.Tensor2D | undefined),
    engine.engine ? { engine: engine.engine } : {},
  );
  const size = side * side * channels;
  const data = new Uint8Array(seeds.length * size);
  let done = 0;
  try {
    for await (const { images, seeds: drawn } of sampleSeeds({
      denoiser: (x, sigma, labels) => compiled(x, sigma, labels),
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
    compiled.dispose();
    tf.dispose(params);
  }
  return { data, shape: [seeds.length, side, side, channels] as [number, number, number, number] };
}
