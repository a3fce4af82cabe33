import { precondition, type UNet } from '@edm2/edm2-unet';
import type { EngineReport } from '@edm2/engine';
import { jit } from '@edm2/tfjs-jit';
import type * as tf from '@tensorflow/tfjs-core';
import {
  commandWords,
  type Decoder,
  gridClass,
  OptionError,
  openLatentDecoder,
  openPreviewDecoder,
  pixelDecoder,
  sampleAll,
  writeGrid,
} from 'edm2/parts';
import type { RunConfig } from '../options/run-config.js';
import { announce } from './announce.js';
import { previewPath } from './run-folder.js';

/** Images of a preview: rows and columns. An autoencoder takes longer for an image than a small network for all of them. */
const PIXELS = { rows: 5, columns: 10 };
const LATENTS = { rows: 2, columns: 4 };
/** Fewer steps than a final sample: a preview shows how training goes, not the best that the network can do. */
const STEPS = 12;

/** What {@link createPreview} needs. */
export interface PreviewOptions {
  readonly outdir: string;
  readonly unet: UNet;
  readonly config: Pick<RunConfig, 'data' | 'latents' | 'preview' | 'previewVae' | 'sigmaData' | 'vae'>;
  readonly engine: EngineReport;
  readonly say: (text: string) => void;
}

/** Draws a run's previews. */
export interface Preview {
  /** The same seeds each time, into the run's `previews/`. Nothing without the autoencoder that decodes them. */
  draw(params: Record<string, tf.Tensor>, nimg: number): Promise<void>;
  dispose(): void;
}

/** @throws {UsageError} (rejects) when the command line names an autoencoder that cannot decode the run's latents. */
export async function createPreview(options: PreviewOptions): Promise<Preview> {
  const { outdir, unet, config, engine } = options;
  const decoder = config.preview > 0 ? await decoderOf(options) : undefined;
  if (!decoder) return { draw: async () => {}, dispose() {} };
  const denoise = precondition(unet, { sigmaData: config.sigmaData });
  const compiled = jit(
    (params: Record<string, tf.Tensor>, x: tf.Tensor, sigma: tf.Tensor, labels: tf.Tensor | undefined) =>
      denoise(params)(x as tf.Tensor4D, sigma as tf.Tensor1D, labels as tf.Tensor2D | undefined),
    engine.engine ? { engine: engine.engine } : {},
  );
  const { rows, columns } = config.latents ? LATENTS : PIXELS;
  const count = rows * columns;
  return {
    async draw(params, nimg) {
      const images = await sampleAll({
        denoise: (x, sigma, labels) => compiled(params, x, sigma, labels),
        config: unet.config,
        seeds: Array.from({ length: count }, (_, seed) => seed),
        classOf: gridClass(unet.config.labelDim, columns),
        settings: { steps: STEPS },
        batch: count,
        decoder,
      });
      const path = previewPath(outdir, nimg);
      await writeGrid(path, images, { columns });
      announce({ kind: 'preview', nimg, path });
    },
    dispose() {
      compiled.dispose();
      decoder.dispose();
    },
  };
}

async function decoderOf({ unet, config, engine, say }: PreviewOptions): Promise<Decoder | undefined> {
  const { latents, data, vae, previewVae: tiny } = config;
  if (!latents) return pixelDecoder;
  const channels = unet.config.imgChannels;
  try {
    const of = { path: data, channels, description: latents, vae, engine, words: commandWords };
    const decoder = tiny === undefined ? await openLatentDecoder(of) : await openPreviewDecoder({ ...of, tiny });
    say(`previews are decoded with ${decoder.directory}`);
    return decoder;
  } catch (error) {
    if (vae !== undefined || tiny !== undefined || !(error instanceof OptionError)) throw error;
    say(`no previews: ${error.message} Training goes on without.`);
    return undefined;
  }
}
