import type { DiffusersConfig } from './config.js';
import { createLatentNormalizer, type LatentNormalizer } from './latent-normalizer.js';

/** diffusers' default: Stable Diffusion 1 and 2. */
const SCALING_FACTOR = 0.18215;

/**
 * The way in which diffusers scales latents for a diffusion model, as a normalizer: `(raw − shift_factor)·scaling_factor`, or channel by
 * channel `(raw − latents_mean)·scaling_factor/latents_std` where a configuration has those. EDM2 standardises by measured statistics
 * instead ({@link createLatentNormalizer}); this is for networks that were trained with diffusers, Stable Diffusion's among them. Their
 * autoencoders are fed with pixels in [−1, 1].
 *
 * @param config - the parsed `config.json` of an autoencoder.
 * @returns a normalizer of deviation 1: `finalMean` 0, `finalStd` 1.
 * @throws {RangeError} when a factor is not a number, not positive, or lists are not of the latents' length.
 */
export function createScalingNormalizer(config: DiffusersConfig): LatentNormalizer {
  const channels = numberOf('latent_channels', config['latent_channels'] ?? 4);
  const scaling = numberOf('scaling_factor', config['scaling_factor'] ?? SCALING_FACTOR);
  const shift = config['shift_factor'] ?? undefined;
  const means = listOf('latents_mean', config['latents_mean'], channels);
  const deviations = listOf('latents_std', config['latents_std'], channels);
  if (scaling <= 0) fail('scaling_factor', 'a number above 0', scaling);
  if ((means === undefined) !== (deviations === undefined))
    fail('latents_mean', 'given with latents_std, or neither', config['latents_mean'] ?? null);
  if (means && shift !== undefined) fail('shift_factor', 'null beside latents_mean', shift);
  return createLatentNormalizer({
    rawMean: means ?? Array.from({ length: channels }, () => numberOf('shift_factor', shift ?? 0)),
    rawStd: (deviations ?? Array.from({ length: channels }, () => 1)).map((deviation) => deviation / scaling),
    finalStd: 1,
  });
}

function numberOf(key: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) fail(key, 'a number', value);
  return value as number;
}

function listOf(key: string, value: unknown, length: number): number[] | undefined {
  if (value === null || value === undefined) return undefined;
  if (!Array.isArray(value) || value.length !== length) fail(key, `a list of ${length} numbers, or null`, value);
  return (value as unknown[]).map((each) => numberOf(key, each));
}

function fail(key: string, expected: string, actual: unknown): never {
  throw new RangeError(
    `createScalingNormalizer: expected ${key} to be ${expected}, got ${JSON.stringify(actual)?.slice(0, 120)}. Pass the config.json of an AutoencoderKL.`,
  );
}
