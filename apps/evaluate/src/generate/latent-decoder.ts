import { UsageError } from '@edm2/app-kit/command/errors';
import type { Decoder } from '@edm2/app-kit/sample/decode';
import type { EngineReport } from '@edm2/engine';

/**
 * The decoder of networks that make latents.
 *
 * @param vae - a diffusers folder.
 * @throws {UsageError} when there is none.
 */
export async function latentDecoder(
  channels: number,
  vae: string | undefined,
  _engine: EngineReport,
): Promise<Decoder> {
  throw new UsageError(
    `--net: expected a network of grey or RGB images, got one of ${channels} channels${vae === undefined ? '' : ` and the VAE ${vae}`}: latents. Decoding them is not available yet; choose a pixel network, such as img64.`,
  );
}
