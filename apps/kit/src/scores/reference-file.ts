import type { Gaussian, StatisticsResult } from '@edm2/fid';
import { readStatistics, writeStatistics } from '@edm2/fid/node';
import { readSafetensors, writeSafetensors } from '@edm2/tensor-files';
import type { FeatureNetwork } from './feature-network.js';

/** The metadata field `format` of the file of a network that has no published format. */
const FORMAT = 'edm2-reference-1';

/**
 * Writes statistics of real images: in the format that published tools read where the network is a published one, else with the
 * network's name and a hash of its weights.
 */
export async function writeReference(
  path: string,
  statistics: StatisticsResult,
  network: FeatureNetwork,
): Promise<void> {
  const { mu, sigma, n } = statistics;
  const { name, fingerprint, metric } = network;
  if (metric) return writeStatistics(path, { n, [metric]: { mu, sigma } });
  const tensors = { mu: { shape: [mu.length], data: mu }, sigma: { shape: [mu.length, mu.length], data: sigma } };
  await writeSafetensors(path, tensors, { format: FORMAT, features: name, fingerprint, n: String(n) });
}

/**
 * Reads statistics of real images.
 *
 * @throws {RangeError} when the file holds something else, or features of another network.
 * @throws {SafetensorsParseError | NpyParseError} when it is damaged.
 */
export async function readReference(path: string, network: FeatureNetwork): Promise<Gaussian> {
  const { name, metric, dims } = network;
  const found = metric ? (await readStatistics(path))[metric] : await readOwn(path, network);
  if (found?.mu.length !== dims)
    throw new RangeError(
      `readReference: expected ${dims} features of ${name}, got ${found ? found.mu.length : 'those of another network'} in ${path}. Make it again with this network: edm2-evaluate metrics ref.`,
    );
  return found;
}

async function readOwn(path: string, { name, fingerprint }: FeatureNetwork): Promise<Gaussian> {
  const file = await readSafetensors(path);
  try {
    const { format, features, fingerprint: stored } = file.metadata;
    if (format !== FORMAT)
      throw new RangeError(
        `readReference: expected a file of format ${FORMAT}, got ${path} of ${format ?? 'none'}. edm2-evaluate metrics ref writes one.`,
      );
    if (features !== name || stored !== fingerprint)
      throw new RangeError(
        `readReference: expected statistics of the features of ${name} ${fingerprint}, got those of ${features} ${stored} in ${path}. Make them again with this network.`,
      );
    await file.verify();
    const read = async (tensor: string): Promise<Float64Array> => {
      const { data } = await file.read(tensor);
      if (!(data instanceof Float64Array))
        throw new RangeError(
          `readReference: expected ${tensor} in float64, got another type in ${path}. Make it again.`,
        );
      return data;
    };
    return { mu: await read('mu'), sigma: await read('sigma') };
  } finally {
    await file.close();
  }
}
