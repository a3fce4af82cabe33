import type { EngineReport } from '@edm2/engine';
import {
  createLatentCodec,
  createLatentNormalizer,
  inBatches,
  type LatentDescription,
  STABLE_DIFFUSION_RAW,
} from '@edm2/latent-vae';
import { loadAutoencoder } from '@edm2/latent-vae/node';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import type { Decoder } from '../sample/decode.js';
import { functionWords, OptionError, type Words } from '../words.js';
import { findAutoencoder } from './find-autoencoder.js';

/** Images decoded at a time: an autoencoder's activations are hundreds of times its latents. */
const BATCH = 4;
/** Steps of a sampler that take as long, roughly: EDM2-S evaluates twice in a step, the autoencoder has ten times its multiply-adds. */
const STEPS = 6;

/** What {@link openLatentDecoder} needs. */
export interface LatentDecoderOptions {
  /** The network's file, for what is looked for beside it and for errors. */
  readonly path: string;
  /** Channels of its latents. */
  readonly channels: number;
  /** What its file says of them; undefined: they are those of EDM2's published networks. */
  readonly description: LatentDescription | undefined;
  /** The autoencoder's folder or file; undefined: it is looked for. */
  readonly vae: string | undefined;
  /** Decode with `vae` even when the latents are of another one. */
  readonly any?: boolean | undefined;
  readonly engine: Pick<EngineReport, 'engine'>;
  readonly words?: Words | undefined;
}

/** A {@link Decoder} that says which autoencoder it is. */
export interface LatentDecoder extends Decoder {
  readonly directory: string;
  readonly sha256: string;
}

/**
 * The decoder of a network that makes latents: an autoencoder, compiled, with the statistics that the network's file names, or those of
 * EDM2's published networks where it names none.
 *
 * @throws {OptionError} (rejects) when there is none, or it decodes other latents.
 */
export async function openLatentDecoder(options: LatentDecoderOptions): Promise<LatentDecoder> {
  const { path, channels, description, engine, words = functionWords('openLatentDecoder') } = options;
  const { directory, sha256 } = await findAutoencoder({
    option: options.vae,
    description,
    of: path,
    any: options.any,
    words,
  });
  const { vae: network, params } = await loadAutoencoder(directory);
  if (network.config.latentChannels !== channels) {
    tf.dispose(params);
    throw new OptionError(
      `${words.head('vae')}: expected an autoencoder of ${channels} latent channels for ${path}, got ${network.config.latentChannels} (${directory}). Choose the one that the network was trained with.`,
    );
  }
  const normalizer = createLatentNormalizer(description?.normalizer ?? STABLE_DIFFUSION_RAW);
  const codec = createLatentCodec({ vae: network, params, normalizer });
  const compiled = jit(codec.decode, engine.engine ? { engine: engine.engine } : {});
  return {
    directory,
    sha256,
    steps: STEPS,
    async decode(samples, { onProgress, signal } = {}) {
      const pixels = await inBatches(compiled, samples as tf.Tensor4D, {
        batch: Math.min(BATCH, samples.shape[0] ?? 1),
        onProgress,
        signal,
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
