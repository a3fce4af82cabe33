import { extname } from 'node:path';
import { readNpz, readSafetensors, writeFileAtomic, writeSafetensors } from '@edm2/tensor-files';
import type { Gaussian } from '../gaussian.js';
import { createNpz } from './npz.js';
import { readPickledStatistics } from './statistics-pickle.js';
import {
  checkGaussian,
  METRIC_NAMES,
  type MetricName,
  type StatisticsFile,
  type StoredGaussian,
  toGaussian,
} from './to-gaussian.js';

/**
 * Reads reference statistics: `.npz` (pytorch-fid's `mu` and `sigma`, stored or deflated), `.safetensors` (ours), `.pkl`
 * (NVIDIA's; read without executing anything).
 *
 * @returns at least one of `fid`, `fd_dinov2`.
 * @throws {RangeError} when the ending is unknown, an array is missing, or shapes do not fit.
 * @throws {NpyParseError | SafetensorsParseError | PickleParseError} when the file is damaged.
 */
export async function readStatistics(path: string): Promise<StatisticsFile> {
  const ending = extname(path).toLowerCase();
  if (ending === '.npz') return readNpzStatistics(path);
  if (ending === '.safetensors') return readOwn(path);
  if (ending === '.pkl') return readPickledStatistics(path);
  throw unknownEnding('readStatistics', path);
}

/**
 * Writes statistics: `.safetensors` (everything) or `.npz` (Inception's alone, as pytorch-fid reads it; `n` as `num_images`). Temporary
 * name, fsync, rename.
 *
 * @throws {RangeError} when the ending is unknown, there is nothing to write, shapes do not fit, or `.npz` cannot hold it.
 */
export async function writeStatistics(path: string, { n, ...sets }: StatisticsFileInput): Promise<void> {
  const ending = extname(path).toLowerCase();
  if (ending !== '.npz' && ending !== '.safetensors') throw unknownEnding('writeStatistics', path);
  const named = METRIC_NAMES.flatMap((name) => {
    const set = sets[name];
    return set ? [{ name, mu: Float64Array.from(set.mu), sigma: Float64Array.from(set.sigma) }] : [];
  });
  for (const { name, mu, sigma } of named) checkGaussian('writeStatistics', path, name, mu, sigma);
  if (named.length === 0) {
    throw new RangeError('writeStatistics: expected fid or fd_dinov2, got neither. Pass { fid: { mu, sigma }, n }.');
  }
  if (ending === '.safetensors') {
    const tensors = named.flatMap(({ name, mu, sigma }) => [
      { name: `${name}.mu`, shape: [mu.length], data: mu },
      { name: `${name}.sigma`, shape: [mu.length, mu.length], data: sigma },
    ]);
    return writeSafetensors(path, tensors, n === undefined ? {} : { num_images: String(n) });
  }
  const [first] = named;
  if (first?.name !== 'fid' || named.length > 1) {
    throw new RangeError(
      `writeStatistics: expected fid alone for .npz, got ${named.map(({ name }) => name).join(', ')}. Write .safetensors.`,
    );
  }
  const { mu, sigma } = first;
  await writeFileAtomic(
    path,
    createNpz({
      mu: { shape: [mu.length], data: mu },
      sigma: { shape: [mu.length, mu.length], data: sigma },
      ...(n === undefined ? {} : { num_images: { shape: [], data: Float64Array.of(n) } }),
    }),
  );
}

/** What `writeStatistics` takes: `createStatistics(…).result()` fits as `fid`. */
export interface StatisticsFileInput {
  /** Number of images. */
  readonly n?: number | undefined;
  readonly fid?: Gaussian;
  readonly fd_dinov2?: Gaussian;
}

async function readNpzStatistics(path: string): Promise<StatisticsFile> {
  const arrays = await readNpz(path);
  const count = arrays['num_images'];
  return {
    n: count === undefined ? undefined : Number(count.data[0]),
    fid: toGaussian(path, 'fid', arrays['mu'], arrays['sigma']),
  };
}

async function readOwn(path: string): Promise<StatisticsFile> {
  const file = await readSafetensors(path);
  try {
    const sets: Partial<Record<MetricName, StoredGaussian>> = {};
    for (const name of METRIC_NAMES) {
      if (!file.has(`${name}.mu`) && !file.has(`${name}.sigma`)) continue;
      const read = async (key: string) => (file.has(key) ? file.read(key) : undefined);
      sets[name] = toGaussian(path, name, await read(`${name}.mu`), await read(`${name}.sigma`));
    }
    if (Object.keys(sets).length === 0) {
      throw new RangeError(
        `readStatistics: expected fid.mu and fid.sigma, or fd_dinov2's, in ${path}, got ${file.names.slice(0, 5).join(', ')}. Is it a file of statistics?`,
      );
    }
    const count = file.metadata['num_images'];
    return { n: count === undefined ? undefined : Number(count), ...sets };
  } finally {
    await file.close();
  }
}

const unknownEnding = (fn: string, path: string): RangeError =>
  new RangeError(`${fn}: expected a path ending in .npz or .safetensors (or .pkl to read), got ${path}. Rename it.`);
