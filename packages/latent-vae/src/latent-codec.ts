import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import type { AutoencoderKL } from './autoencoder.js';
import type { LatentNormalizer } from './latent-normalizer.js';
import type { Params } from './network.js';

/** Options of {@link createLatentCodec}. */
export interface LatentCodecOptions {
  readonly vae: AutoencoderKL;
  readonly params: Params;
  readonly normalizer: LatentNormalizer;
  /** Comes along when what `loadAutoencoder` returned is spread; `normalizer` alone decides. */
  readonly scaling?: LatentNormalizer | undefined;
}

/** Pixels to latents and back. Pure functions: hand them to `jit`. */
export interface LatentCodec {
  readonly vae: AutoencoderKL;
  readonly normalizer: LatentNormalizer;
  /**
   * @param pixels - `[N, H, W, C]`, 0 … 255, float32 or int32.
   * @param noise - standard normal, `[N, H/factor, W/factor, latentChannels]`; without it, the mean-only latent.
   * @returns new tensor of noise's shape.
   */
  encode(pixels: tf.Tensor4D, noise?: tf.Tensor4D | undefined): tf.Tensor4D;
  /**
   * @param latents - `[N, h, w, latentChannels]`.
   * @returns new tensor `[N, h·factor, w·factor, C]` float32, whole numbers 0 … 255.
   */
  decode(latents: tf.Tensor4D): tf.Tensor4D;
}

/**
 * EDM2's way of using an autoencoder: it is fed with pixels in [0, 1] (Stable Diffusion feeds −1 … 1), the posterior is
 * standardised channel by channel, and what is decoded is clamped to [0, 1], times 255, truncated.
 *
 * @throws {RangeError} when the normalizer is of another number of channels.
 */
export function createLatentCodec(options: LatentCodecOptions): LatentCodec {
  const { vae, params, normalizer } = known('createLatentCodec', options, {
    vae: true,
    params: true,
    normalizer: true,
    scaling: true,
  });
  const channels = normalizer.scale.length;
  if (channels !== vae.config.latentChannels)
    throw new RangeError(
      `createLatentCodec: expected a normalizer of ${vae.config.latentChannels} channels, got ${channels}. Use the statistics of this very autoencoder.`,
    );
  return {
    vae,
    normalizer,
    encode: (pixels, noise) =>
      tf.tidy(() => {
        const { mean, std } = vae.encode(params, tf.div(tf.cast(pixels, 'float32'), 255));
        return normalizer.toLatents(mean, std, noise);
      }),
    decode: (latents) =>
      tf.tidy(() => {
        const unit = tf.clipByValue(vae.decode(params, normalizer.toRaw(latents)), 0, 1);
        return tf.floor(tf.mul<tf.Tensor4D>(unit, 255));
      }),
  };
}
