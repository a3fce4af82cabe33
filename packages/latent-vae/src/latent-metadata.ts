import { known } from '@edm2/options';
import type { LatentNormalizer, LatentNormalizerOptions } from './latent-normalizer.js';

/** Which autoencoder a network's latents are of, and how they were standardised. */
export interface LatentDescription {
  /** Name of the autoencoder: a folder's name or a hub id, `stabilityai/sd-vae-ft-mse`. */
  readonly vae: string;
  /** SHA-256 (hex) of its weights file, `hashAutoencoder`'s; absent where it is not known. */
  readonly sha256?: string;
  /** What `createLatentNormalizer` takes. */
  readonly normalizer: Required<LatentNormalizerOptions>;
}

/** Name of the metadata field. */
const FIELD = 'latents';

/**
 * Text fields for a snapshot of a network that works on latents: whoever samples it later finds what decodes them.
 *
 * @param options - `sha256` of the weights, so that another autoencoder of the same name is noticed.
 * @returns `{ latents: … }`, to spread into `saveNetwork`'s metadata.
 */
export function latentMetadata(
  vae: string,
  normalizer: LatentNormalizer,
  options: Pick<LatentDescription, 'sha256'> = {},
): Record<string, string> {
  const { sha256 } = known('latentMetadata', options, { sha256: true });
  const description: LatentDescription = { vae, ...(sha256 ? { sha256 } : {}), normalizer: normalizer.options };
  return { [FIELD]: JSON.stringify(description) };
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
    const { vae, sha256, normalizer } = JSON.parse(text) as Partial<LatentDescription>;
    const { rawMean, rawStd, finalMean, finalStd } = normalizer ?? {};
    const numbers = [rawMean, rawStd, [finalMean], [finalStd]];
    const named = typeof vae === 'string' && (sha256 === undefined || /^[0-9a-f]{64}$/.test(sha256));
    if (named && numbers.every((list) => Array.isArray(list) && list.every(Number.isFinite)))
      return {
        vae,
        ...(sha256 === undefined ? {} : { sha256 }),
        normalizer: normalizer as LatentDescription['normalizer'],
      };
  } catch {
    // Said below.
  }
  throw new RangeError(
    `readLatentMetadata: expected the metadata field ${FIELD} to name an autoencoder and its statistics, got ${text.slice(0, 80)}. Is it another program's field?`,
  );
}
