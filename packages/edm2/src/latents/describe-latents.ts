import { siblingCommand } from '@edm2/command/typed';
import type { Dataset } from '@edm2/dataset';
import {
  createLatentNormalizer,
  type LatentDescription,
  readLatentMetadata,
  STABLE_DIFFUSION_RAW,
} from '@edm2/latent-vae';
import { loadRawStatistics } from '@edm2/latent-vae/node';

/** The autoencoder of EDM2's published latents. */
const PUBLISHED_VAE = 'stabilityai/sd-vae-ft-mse';

/** Whether a dataset holds latents: arrays of means and as many deviations. */
export const holdsLatents = ({ dtype, channels }: Dataset): boolean => dtype === 'float32' && channels % 2 === 0;

/**
 * Of which autoencoder a dataset's latents are and how they are standardised: what its dataset.json says; for a dataset of another
 * tool the statistics measured beside it, else EDM2's published ones.
 *
 * @param options - `meanOnly`: the statistics of the means alone, where they are measured.
 * @throws {RangeError} (rejects) when it says nothing, nothing is measured, and there are no four channels as EDM2 has.
 */
export async function describeLatents(
  dataset: Dataset,
  { meanOnly = false }: { readonly meanOnly?: boolean } = {},
): Promise<LatentDescription> {
  const description = await describeSamples(dataset);
  const measured = meanOnly ? await measuredBeside(dataset.path, description) : undefined;
  if (!measured) return description;
  const { rawMean, meanOnlyStd: rawStd } = measured;
  return { ...description, normalizer: createLatentNormalizer({ rawMean, rawStd }).options };
}

async function describeSamples(dataset: Dataset): Promise<LatentDescription> {
  const { notes, path } = dataset;
  const noted = notes?.['latents'];
  const read = noted === undefined ? undefined : readLatentMetadata({ latents: JSON.stringify(noted) });
  if (read) return read;
  const channels = dataset.channels / 2;
  const measured = await measuredBeside(path);
  if (!measured && channels !== STABLE_DIFFUSION_RAW.rawMean.length)
    throw new RangeError(
      `describeLatents: expected statistics beside ${path}, whose latents have ${channels} channels, got none. Measure them: ${siblingCommand('dataset', ['stats', path])}`,
    );
  return { vae: PUBLISHED_VAE, normalizer: createLatentNormalizer(measured ?? STABLE_DIFFUSION_RAW).options };
}

const measuredBeside = (path: string, { sha256 }: Pick<LatentDescription, 'sha256'> = {}) =>
  loadRawStatistics(path, { sha256 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
