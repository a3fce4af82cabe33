import { UsageError } from '@edm2/app-kit/command/errors';
import type { Decoder } from '@edm2/app-kit/sample/decode';
import type { OpenDenoiser } from '@edm2/app-kit/sample/open-denoiser';
import type { EngineReport } from '@edm2/engine';
import {
  createLatentCodec,
  createLatentNormalizer,
  inBatches,
  readLatentMetadata,
  STABLE_DIFFUSION_RAW,
} from '@edm2/latent-vae';
import { loadAutoencoder } from '@edm2/latent-vae/node';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';

/** Images decoded at a time: an autoencoder's activations are hundreds of times its latents. */
const BATCH = 4;

/**
 * The decoder of a network that makes latents: an autoencoder, compiled, with the statistics that the network's file names, or those of
 * EDM2's published networks where it names none.
 *
 * @param vae - a diffusers folder.
 * @throws {UsageError} when there is none, or it decodes other latents.
 */
export async function latentDecoder(
  { path, config, metadata }: OpenDenoiser,
  vae: string | undefined,
  { engine }: EngineReport,
): Promise<Decoder> {
  const description = readLatentMetadata(metadata);
  if (vae === undefined)
    throw new UsageError(
      `--vae: expected the autoencoder of ${path}, whose ${config.imgChannels} channels are latents, got nothing. Name the diffusers folder of ${description?.vae ?? 'stabilityai/sd-vae-ft-mse'}.`,
    );
  const { vae: network, params } = await loadAutoencoder(vae);
  if (network.config.latentChannels !== config.imgChannels) {
    tf.dispose(params);
    throw new UsageError(
      `--vae: expected an autoencoder of ${config.imgChannels} latent channels for ${path}, got ${network.config.latentChannels} (${vae}). Choose the one that the network was trained with.`,
    );
  }
  const normalizer = createLatentNormalizer(description?.normalizer ?? STABLE_DIFFUSION_RAW);
  const codec = createLatentCodec({ vae: network, params, normalizer });
  const compiled = jit(codec.decode, engine ? { engine } : {});
  return {
    async decode(samples) {
      const pixels = await inBatches(compiled, samples as tf.Tensor4D, {
        batch: Math.min(BATCH, samples.shape[0] ?? 1),
      });
      try {
        return {
          data: Uint8Array.from(await pixels.data()),
          shape: pixels.shape as unknown as readonly [number, number, number, number],
        };
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
