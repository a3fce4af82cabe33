import { createLatentNormalizer, inBatches, STABLE_DIFFUSION_RAW } from '@edm2/latent-vae';
import { describeAutoencoder, hashAutoencoder, loadAutoencoderTiny } from '@edm2/latent-vae/node';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { functionWords, OptionError } from '../words.js';
import { findAutoencoder } from './find-autoencoder.js';
import type { LatentDecoder, LatentDecoderOptions } from './latent-decoder.js';

/** Images decoded at a time. */
const BATCH = 16;

/** What {@link openPreviewDecoder} needs. */
export interface PreviewDecoderOptions extends Omit<LatentDecoderOptions, 'any'> {
  /** Folder of an AutoencoderTiny that stands in for the autoencoder. */
  readonly tiny: string;
}

/**
 * A quick stand-in for `openLatentDecoder`: an AutoencoderTiny (TAESD) decodes. Of the autoencoder itself, which must be the one that the latents are
 * of, only the configuration is read, since it says how the tiny one's latents are scaled.
 *
 * @throws {OptionError} (rejects) when the autoencoder is not found, or the tiny one is of other latents.
 */
export async function openPreviewDecoder(options: PreviewDecoderOptions): Promise<LatentDecoder> {
  const { path, channels, description, engine, tiny, words = functionWords('openPreviewDecoder') } = options;
  const { directory } = await findAutoencoder({ option: options.vae, description, of: path, words });
  const { vae: large, scaling } = await describeAutoencoder(directory);
  const { vae, params } = await loadAutoencoderTiny(tiny);
  const got = [vae.config.latentChannels, vae.factor];
  if (got.join() !== [channels, large.factor].join()) {
    tf.dispose(params);
    throw new OptionError(
      `${words.head('previewVae')}: expected a tiny autoencoder of ${channels} latent channels and ${large.factor}×${large.factor} pixels a latent, as ${directory} has, got ${got[0]} and ${got[1]}×${got[1]} (${tiny}). Choose the one that was made for it.`,
    );
  }
  const normalizer = createLatentNormalizer(description?.normalizer ?? STABLE_DIFFUSION_RAW);
  const compiled = jit(
    (latents: tf.Tensor4D) => {
      // Fed with pixels in 0 … 1, the large one decodes to 0 … 1, and so does what stands in for it.
      const unit = tf.clipByValue(vae.decode(params, scaling.toLatents(normalizer.toRaw(latents))), 0, 1);
      return tf.floor(tf.mul<tf.Tensor4D>(unit, 255));
    },
    engine.engine ? { engine: engine.engine } : {},
  );
  return {
    directory: tiny,
    sha256: await hashAutoencoder(tiny),
    async decode(samples, { onProgress, signal } = {}) {
      const batch = Math.min(BATCH, samples.shape[0] ?? 1);
      const pixels = await inBatches(compiled, samples as tf.Tensor4D, { batch, onProgress, signal });
      try {
        const shape = pixels.shape as unknown as readonly [number, number, number, number];
        return { data: Uint8Array.from(await pixels.data()), shape };
      } finally {
        pixels.dispose();
      }
    },
    dispose() {
      compiled.dispose();
      tf.dispose(params);
    },
  };
}
