import { join } from 'node:path';
import { writeGrid } from '@edm2/app-kit/pictures/write-grid';
import { gridClass } from '@edm2/app-kit/sample/images';
import { sampleAll } from '@edm2/app-kit/sample/sample-pixels';
import { precondition, type UNet } from '@edm2/edm2-unet';
import type { EngineReport } from '@edm2/engine';
import { jit } from '@edm2/tfjs-jit';
import type * as tf from '@tensorflow/tfjs-core';

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
  const count = ROWS * COLUMNS;
  return async (params: Record<string, tf.Tensor>, nimg: number): Promise<string> => {
    const images = await sampleAll({
      denoise: (x, sigma, labels) => compiled(params, x, sigma, labels),
      config: unet.config,
      seeds: Array.from({ length: count }, (_, seed) => seed),
      classOf: gridClass(unet.config.labelDim, COLUMNS),
      settings: { steps: STEPS },
      batch: count,
    });
    const path = join(outdir, 'previews', `${String(Math.floor(nimg / 1000)).padStart(7, '0')}.png`);
    await writeGrid(path, images, { columns: COLUMNS });
    return path;
  };
}
