import { createUniform } from './random.js';

/** Several values of one figure. */
export interface Spread {
  readonly mean: number;
  /** Standard deviation of the values. */
  readonly std: number;
  readonly values: Float64Array;
}

/** Mean and population standard deviation, as NumPy's and the published tools'. */
export function populationSpread(values: Float64Array): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / values.length), values };
}

/**
 * Mean and spread of a figure that was measured several times, on images of different seeds for example. Report it as `mean ± std`.
 *
 * @param values - at least 2 finite values.
 * @returns the mean and the sample standard deviation (n − 1).
 * @throws {RangeError} when there are fewer than 2 values, or one is not finite.
 */
export function spreadOf(values: ArrayLike<number>): Spread {
  const copy = Float64Array.from(values);
  if (copy.length < 2 || !copy.every(Number.isFinite)) {
    throw new RangeError(
      `spreadOf: expected at least 2 finite values, got [${Array.from(copy.subarray(0, 5)).join(', ')}]. Measure again with other seeds.`,
    );
  }
  const { mean, std } = populationSpread(copy);
  return { mean, std: std * Math.sqrt(copy.length / (copy.length - 1)), values: copy };
}

/** Options of `bootstrap`. */
export interface BootstrapOptions {
  /** Sets that are drawn, at least 2; default 100. */
  readonly resamples?: number;
  /** Any integer; default 0. Equal seeds draw equal sets. */
  readonly seed?: number;
}

/**
 * How sure a figure is: it is measured on sets of n rows drawn with replacement. `std` estimates the figure's standard error. The mean is
 * not a better estimate: distances grow on resampled sets, which hold about 63 % different rows.
 *
 * @param n - rows of the set, at least 1.
 * @param statistic - the figure of the set made of these rows, `[n]` indices with repetitions.
 * @returns mean and sample standard deviation (n − 1) over the resamples.
 * @throws {RangeError} when n or resamples is out of range, or the statistic is not finite.
 * @see Efron 1979.
 */
export function bootstrap(
  n: number,
  statistic: (rows: Int32Array) => number,
  { resamples = 100, seed = 0 }: BootstrapOptions = {},
): Spread {
  if (!Number.isInteger(n) || n < 1) {
    throw new RangeError(`bootstrap: expected n ≥ 1 rows, got ${n}. Pass the number of feature vectors.`);
  }
  if (!Number.isInteger(resamples) || resamples < 2) {
    throw new RangeError(`bootstrap: expected resamples ≥ 2, got ${resamples}. A spread needs several.`);
  }
  const random = createUniform(seed);
  const values = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    const value = statistic(Int32Array.from({ length: n }, () => Math.floor(random() * n)));
    if (!Number.isFinite(value)) {
      throw new RangeError(`bootstrap: expected a finite statistic, got ${value} in resample ${i}. Look at the set.`);
    }
    values[i] = value;
  }
  return spreadOf(values);
}
