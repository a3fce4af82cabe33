import { join } from 'node:path';
import { precondition, type UNet } from '@edm2/edm2-unet';
import type { EngineReport } from '@edm2/engine';
import { heun, karrasSchedule, sampleSeeds } from '@edm2/sampler';
import { jit } from '@edm2/tfjs-jit';
import type * as tf from '@tensorflow/tfjs-core';
import { writeGrid } from '../report/write-grid.js';
import { gridLabels, toPixels } from '../sample/images.js';

const ROWS = 5;
const COLUMNS = 10;
/** Fewer steps than a final sample: a preview shows how training goes, not the best that the network can do. */
const STEPS = 12;

/** Draws the same seeds each time into `<outdir>/previews/<kimg>.png`. */
export function createPreview(outdir: string, unet: UNet, sigmaData: number, { engine }: EngineReport) {
  const denoise = precondition(unet, { sigmaData });
  const compiled = jit(
    (params: Record<string, tf.Tensor>, x: tf.Tensor, sigma: tf.Tensor, labels: tf.Tensor | undefined) =>
      denoise(params)(x as tf.Tensor4D, sigma as tf.Tensor1D, labels as tf.Tensor2D | undefined),
    engine ? { engine } : {},
  );
  const { imgResolution: side, imgChannels: channels, labelDim } = unet.config;
  const count = ROWS * COLUMNS;
  return async (params: Record<string, tf.Tensor>, nimg: number): Promise<string> => {
    const rows: Uint8Array[] = [];
    const solver = (denoiser: Parameters<typeof heun>[0], noise: tf.Tensor, options: object) =>
      heun(denoiser, noise, { ...options, sigmas: karrasSchedule({ steps: STEPS }) });
    for await (const { images } of sampleSeeds({
      denoiser: (x, sigma, labels) => compiled(params, x, sigma, labels),
      seeds: Array.from({ length: count }, (_, seed) => seed),
      shape: [side, side, channels],
      ...(labelDim > 0 ? { labels: gridLabels(labelDim, COLUMNS) } : {}),
      solver,
      batch: count,
    })) {
      rows.push(toPixels(images));
      images.dispose();
    }
    const path = join(outdir, 'previews', `${String(Math.floor(nimg / 1000)).padStart(7, '0')}.png`);
    const data = new Uint8Array(rows.flatMap((row) => [...row]));
    await writeGrid(path, { data, shape: [count, side, side, channels] }, { columns: COLUMNS });
    return path;
  };
}
