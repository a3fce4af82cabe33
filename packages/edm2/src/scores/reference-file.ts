import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { siblingCommand } from '@edm2/command/typed';
import type { Gaussian, StatisticsResult } from '@edm2/fid';
import { readStatistics, writeStatistics } from '@edm2/fid/node';
import { readSafetensors, type SafetensorsFile, writeSafetensors } from '@edm2/tensor-files';
import type { FeatureNetwork } from './feature-network.js';

/** The metadata field `format` of the file of a network that has no published format. */
const FORMAT = 'edm2-reference-1';

/** Real images as a network sees them. */
export interface Reference extends Gaussian {
  /** Images; undefined where a file of statistics does not say. */
  readonly n?: number | undefined;
  /** `[n, dims]`; absent where only statistics were kept. */
  readonly features?: Float32Array;
}

const makeOne = (): string => siblingCommand('evaluate', ['metrics', 'ref', '--help']);

/** Tells the statistics from others, in whatever file they are. */
export function referenceFingerprint({ mu, sigma, features }: Reference): string {
  const hash = createHash('sha256');
  for (const values of [mu, sigma]) hash.update(Buffer.from(Float64Array.from(values).buffer));
  return hash
    .update(features ? String(features.length) : '')
    .digest('hex')
    .slice(0, 16);
}

/**
 * Writes statistics of real images: in the format that published tools read where the network is a published one, else with the
 * network's name and a hash of its weights.
 *
 * @param path - `.safetensors`, or `.npz` for Inception's alone.
 * @param features - kept too, for figures that compare images and not only their statistics; `.safetensors` alone.
 */
export async function writeReference(
  path: string,
  statistics: StatisticsResult,
  network: FeatureNetwork,
  features?: Float32Array,
): Promise<void> {
  const { mu, sigma, n } = statistics;
  const { name, fingerprint, metric } = network;
  if (metric && !features) return writeStatistics(path, { n, [metric]: { mu, sigma } });
  const named = (key: string): string => (metric ? `${metric}.${key}` : key);
  const tensors = {
    [named('mu')]: { shape: [mu.length], data: mu },
    [named('sigma')]: { shape: [mu.length, mu.length], data: sigma },
    ...(features ? { [named('features')]: { shape: [n, mu.length], data: features } } : {}),
  };
  const about = metric ? { num_images: String(n) } : { format: FORMAT, features: name, fingerprint, n: String(n) };
  await writeSafetensors(path, tensors, about);
}

/**
 * Reads statistics of real images: `.safetensors`, and for published networks `.npz` and NVIDIA's `.pkl`.
 *
 * @throws {RangeError} when the file holds something else, or features of another network.
 * @throws {SafetensorsParseError | NpyParseError | PickleParseError} when it is damaged.
 */
export async function readReference(path: string, network: FeatureNetwork): Promise<Reference> {
  const { name, metric, dims } = network;
  const isOwn = extname(path).toLowerCase() === '.safetensors';
  if (!metric && !isOwn)
    throw new RangeError(
      `readReference: expected a .safetensors file, the only one that holds features of ${name}, got ${path}. Make one: ${makeOne()}`,
    );
  const found = metric ? await readPublished(path, metric) : await readOwn(path, network);
  if (found?.mu.length !== dims)
    throw new RangeError(
      `readReference: expected ${dims} features of ${name}, got ${found ? found.mu.length : 'those of another network'} in ${path}. Make it again with this network: ${makeOne()}`,
    );
  return found;
}

async function readPublished(path: string, metric: 'fid' | 'fd_dinov2'): Promise<Reference | undefined> {
  const file = await readStatistics(path);
  const found = file[metric];
  if (!found) return undefined;
  if (extname(path).toLowerCase() !== '.safetensors') return { ...found, n: file.n };
  const own = await readSafetensors(path);
  try {
    return { ...found, n: file.n, ...(await readFeatures(own, `${metric}.features`)) };
  } finally {
    await own.close();
  }
}

const readFeatures = async (file: SafetensorsFile, name: string): Promise<{ features?: Float32Array }> =>
  file.has(name) ? { features: (await file.readFloat32(name)).data } : {};

async function readOwn(path: string, { name, fingerprint }: FeatureNetwork): Promise<Reference> {
  const file = await readSafetensors(path);
  try {
    const { format, features, fingerprint: stored, n } = file.metadata;
    if (format !== FORMAT)
      throw new RangeError(
        `readReference: expected a file of format ${FORMAT}, got ${path} of ${format ?? 'none'}. Make one: ${makeOne()}`,
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
    const count = n === undefined ? undefined : Number(n);
    return { mu: await read('mu'), sigma: await read('sigma'), n: count, ...(await readFeatures(file, 'features')) };
  } finally {
    await file.close();
  }
}
