import type { NpyArray, Tensor } from '@edm2/tensor-files';
import type { Gaussian } from '../gaussian.js';

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
    const isComplex = /^(<c|C)/.test(dtype); // pairs of numbers, which arrays of floats hold too
    if (!isComplex && (data instanceof Float32Array || data instanceof Float64Array))
      return data instanceof Float64Array ? data : Float64Array.from(data);
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
  checkGaussian('readStatistics', path, name, gaussian.mu, gaussian.sigma);
  return gaussian;
}

/** @throws {RangeError} when sizes do not fit, or a value is not finite. */
export function checkGaussian(fn: string, path: string, name: string, mu: Float64Array, sigma: Float64Array): void {
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
