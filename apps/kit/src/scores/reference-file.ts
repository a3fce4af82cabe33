import type { StatisticsResult } from '@edm2/fid';
import { readSafetensors, writeSafetensors } from '@edm2/tensor-files';
import type { FeatureNetwork } from './feature-network.js';

/** The metadata field `format` of the file. */
const FORMAT = 'edm2-reference-1';

/** Writes statistics of real images, with the network whose features they are of. */
export async function writeReference(
  path: string,
  { mu, sigma, n }: StatisticsResult,
  { name, fingerprint }: FeatureNetwork,
): Promise<void> {
  const tensors = { mu: { shape: [mu.length], data: mu }, sigma: { shape: [mu.length, mu.length], data: sigma } };
  await writeSafetensors(path, tensors, { format: FORMAT, features: name, fingerprint, n: String(n) });
}

/**
 * Reads statistics of real images.
 *
 * @throws {RangeError} when the file holds something else, or features of another network.
 * @throws {SafetensorsParseError} when it is damaged.
 */
export async function readReference(
  path: string,
  { name, fingerprint, dims }: FeatureNetwork,
): Promise<StatisticsResult> {
  const file = await readSafetensors(path);
  try {
    const { format, features, fingerprint: stored, n } = file.metadata;
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
    const result = { mu: await read('mu'), sigma: await read('sigma'), n: Number(n) };
    if (result.mu.length !== dims || result.sigma.length !== dims ** 2)
      throw new RangeError(
        `readReference: expected ${dims} features, got ${result.mu.length} in ${path}. Make it again.`,
      );
    return result;
  } finally {
    await file.close();
  }
}
