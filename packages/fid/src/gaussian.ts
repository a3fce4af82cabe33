/** Mean and covariance of a set of features. */
export interface Gaussian {
  /** `[dims]`. */
  readonly mu: ArrayLike<number>;
  /** `[dims, dims]` row-major, symmetric, positive semidefinite. */
  readonly sigma: ArrayLike<number>;
}

/** How far two mirrored entries may differ, relative to the largest variance; float32 statistics stay below. */
const ASYMMETRY = 1e-5;

/** Two Gaussians of equal dims, checked. */
export interface GaussianPair {
  readonly dims: number;
  /** Difference of the means, `[dims]`. */
  readonly delta: Float64Array;
  /** Covariances as float64, `[dims, dims]`. */
  readonly first: Float64Array;
  readonly second: Float64Array;
}

/**
 * Checks two Gaussians that are to be compared.
 *
 * @param caller - name of the public function, for errors.
 * @throws {RangeError} when dims differ, sizes do not fit, or values are not finite, not symmetric or visibly not semidefinite.
 */
export function checkPair(caller: string, a: Gaussian, b: Gaussian): GaussianPair {
  const first = covariance(caller, 'a', a);
  const second = covariance(caller, 'b', b);
  const dims = a.mu.length;
  if (dims !== b.mu.length) {
    throw new RangeError(
      `${caller}: expected statistics of equal dims, got ${dims} and ${b.mu.length}. Use the same feature network for both.`,
    );
  }
  return { dims, delta: Float64Array.from(a.mu, (value, i) => value - (b.mu[i] as number)), first, second };
}

/** The covariance as float64, checked. */
function covariance(caller: string, name: string, { mu, sigma }: Gaussian): Float64Array {
  const dims = mu.length;
  if (dims === 0 || sigma.length !== dims * dims) {
    throw new RangeError(
      `${caller}: expected ${name}.sigma of dims² values for ${name}.mu of dims ≥ 1, got ${sigma.length} and ${dims}. Check the file.`,
    );
  }
  const values = sigma instanceof Float64Array ? sigma : Float64Array.from(sigma);
  let largest = 0;
  let asymmetry = 0;
  let largestEntry = 0;
  let total = 0; // NaN or infinite as soon as one value is
  for (let i = 0; i < dims; i++) {
    total += Math.abs(mu[i] as number);
    largest = Math.max(largest, values[i * dims + i] as number);
    for (let j = 0; j <= i; j++) {
      const x = values[i * dims + j] as number;
      const y = values[j * dims + i] as number;
      total += Math.abs(x) + Math.abs(y);
      asymmetry = Math.max(asymmetry, Math.abs(x - y));
      largestEntry = Math.max(largestEntry, Math.abs(x));
    }
  }
  if (!Number.isFinite(total)) {
    throw new RangeError(
      `${caller}: expected finite statistics, got NaN or infinity in ${name}. Look at the features.`,
    );
  }
  if (asymmetry > ASYMMETRY * largest) {
    throw new RangeError(
      `${caller}: expected a symmetric ${name}.sigma, got entries that differ by ${asymmetry}. Check how it was read.`,
    );
  }
  if (largestEntry > largest * (1 + ASYMMETRY)) {
    throw new RangeError(
      `${caller}: expected a positive semidefinite ${name}.sigma, got ${largestEntry} beside a largest variance of ${largest}. Recompute it.`,
    );
  }
  return values;
}
