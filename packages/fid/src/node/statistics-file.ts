import { extname } from 'node:path';
import {
  type NpyArray,
  readNpz,
  readSafetensors,
  type Tensor,
  writeFileAtomic,
  writeSafetensors,
} from '@edm2/tensor-files';
import type { Gaussian } from '../gaussian.js';
import { createNpz } from './npz.js';

/** Names of the two sets that files hold, as EDM2's tools write them: Inception's features, DINOv2's. */
export const METRIC_NAMES = ['fid', 'fd_dinov2'] as const;
export type MetricName = (typeof METRIC_NAMES)[number];

/** Mean and covariance in float64. */
export interface StoredGaussian extends Gaussian {
  /** `[dims]`. */
  readonly mu: Float64Array;
  /** `[dims, dims]` row-major. */
  readonly sigma: Float64Array;
}

/** Statistics of a set of images, by feature network. */
export interface StatisticsFile {
  /** Number of images; undefined when the file does not say, as pytorch-fid's `.npz`. */
  readonly n: number | undefined;
  readonly fid?: StoredGaussian;
  readonly fd_dinov2?: StoredGaussian;
}

/**
 * Reads reference statistics: `.npz` (pytorch-fid's `mu` and `sigma`, stored or deflated), `.safetensors` (ours).
 *
 * @returns at least one of `fid`, `fd_dinov2`.
 * @throws {RangeError} when the ending is unknown, an array is missing, or shapes do not fit.
 * @throws {NpyParseError | SafetensorsParseError} when the file is damaged.
 */
export async function readStatistics(path: string): Promise<StatisticsFile> {
  const ending = extname(path).toLowerCase();
  if (ending === '.npz') return readNpzStatistics(path);
  if (ending === '.safetensors') return readOwn(path);
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
  for (const { name, mu, sigma } of named) check('writeStatistics', path, name, mu, sigma);
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

/** Arrays of a file as a Gaussian, checked. */
export function toGaussian(
  path: string,
  name: string,
  mu: NpyArray | Tensor | undefined,
  sigma: NpyArray | Tensor | undefined,
): StoredGaussian {
  if (!mu || !sigma) {
    throw new RangeError(
      `readStatistics: expected mu and sigma of ${name} in ${path}, got ${mu ? 'no sigma' : 'no mu'}. Is it a file of statistics?`,
    );
  }
  const values = ({ data, dtype }: NpyArray | Tensor): Float64Array => {
    const isNumber = data instanceof Float32Array || data instanceof Float64Array;
    if (isNumber) return data instanceof Float64Array ? data : Float64Array.from(data);
    throw new RangeError(
      `readStatistics: expected float32 or float64 ${name} in ${path}, got ${dtype}. Save it in float64.`,
    );
  };
  const gaussian = { mu: values(mu), sigma: values(sigma) };
  if (mu.shape.length !== 1 || sigma.shape.length !== 2 || sigma.shape.some((side) => side !== mu.shape[0])) {
    throw new RangeError(
      `readStatistics: expected mu [D] and sigma [D, D] of ${name} in ${path}, got [${mu.shape}] and [${sigma.shape}]. Compute them again.`,
    );
  }
  check('readStatistics', path, name, gaussian.mu, gaussian.sigma);
  return gaussian;
}

function check(fn: string, path: string, name: string, mu: Float64Array, sigma: Float64Array): void {
  if (mu.length === 0 || sigma.length !== mu.length ** 2) {
    throw new RangeError(
      `${fn}: expected sigma of D² values for mu of D ≥ 1 (${name}, ${path}), got ${sigma.length} and ${mu.length}. Compute them again.`,
    );
  }
  if (!mu.every(Number.isFinite) || !sigma.every(Number.isFinite)) {
    throw new RangeError(
      `${fn}: expected finite statistics, got NaN or infinity in ${name} of ${path}. Look at the features.`,
    );
  }
}

const unknownEnding = (fn: string, path: string): RangeError =>
  new RangeError(`${fn}: expected a path ending in .npz or .safetensors, got ${path}. Rename it.`);
