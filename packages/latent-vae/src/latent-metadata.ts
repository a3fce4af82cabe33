import type { LatentNormalizer, LatentNormalizerOptions } from './latent-normalizer.js';

/** Which autoencoder a network's latents are of, and how they were standardised. */
export interface LatentDescription {
  /** Name of the autoencoder: a folder's name or a hub id, `stabilityai/sd-vae-ft-mse`. */
  readonly vae: string;
  /** What `createLatentNormalizer` takes. */
  readonly normalizer: Required<LatentNormalizerOptions>;
}

/** Name of the metadata field. */
const FIELD = 'latents';

/**
 * Text fields for a snapshot of a network that works on latents: whoever samples it later finds what decodes them.
 *
 * @returns `{ latents: … }`, to spread into `saveNetwork`'s metadata.
 */
export function latentMetadata(vae: string, normalizer: LatentNormalizer): Record<string, string> {
  return { [FIELD]: JSON.stringify({ vae, normalizer: normalizer.options } satisfies LatentDescription) };
}

/**
 * Reads what {@link latentMetadata} wrote.
 *
 * @param metadata - of a snapshot: `loadNetwork(path).metadata`.
 * @returns undefined for a network of pixels, whose file has no such field.
 * @throws {RangeError} when the field is there and is not of that form.
 */
export function readLatentMetadata(metadata: Readonly<Record<string, string>>): LatentDescription | undefined {
  const text = metadata[FIELD];
  if (text === undefined) return undefined;
  try {
    const { vae, normalizer } = JSON.parse(text) as Partial<LatentDescription>;
    const { rawMean, rawStd, finalMean, finalStd } = normalizer ?? {};
    const numbers = [rawMean, rawStd, [finalMean], [finalStd]];
    if (typeof vae === 'string' && numbers.every((list) => Array.isArray(list) && list.every(Number.isFinite)))
      return { vae, normalizer: normalizer as LatentDescription['normalizer'] };
  } catch {
    // Said below.
  }
  throw new RangeError(
    `readLatentMetadata: expected the metadata field ${FIELD} to name an autoencoder and its statistics, got ${text.slice(0, 80)}. Was it written by latentMetadata?`,
  );
}
