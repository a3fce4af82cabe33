import { type Features, flatten } from './features.js';
import { multiplyTransposed } from './linear-algebra/multiply-transposed.js';

/** Rows that are gathered before they are summed: long enough for speed, 4 MiB at 2048 dims. */
const BLOCK_ROWS = 256;

/** Statistics of a set of features. */
export interface StatisticsResult {
  /** Mean, `[dims]`. */
  readonly mu: Float64Array;
  /** Unbiased covariance (n − 1), `[dims, dims]` row-major, exactly symmetric. */
  readonly sigma: Float64Array;
  /** Number of feature vectors. */
  readonly n: number;
}

/** Running mean and covariance. */
export interface Statistics {
  readonly dims: number;
  /** Feature vectors so far. */
  readonly n: number;
  /**
   * Adds feature vectors. How a sequence is cut into calls does not change a bit of the result.
   *
   * @param features - `[N, dims]`, N ≥ 0.
   * @throws {RangeError} when the number of values is no multiple of dims, or one is not finite; nothing is added then.
   */
  add(features: Features): void;
  /**
   * Adds all that another one holds, which stays as it is.
   *
   * @throws {RangeError} when dims differ.
   * @throws {TypeError} when it was not made by `createStatistics`.
   */
  merge(other: Statistics): void;
  /**
   * Mean and covariance of all so far, as new arrays; adding may go on.
   *
   * @throws {RangeError} when there are fewer than two feature vectors.
   */
  result(): StatisticsResult;
}

/** Sums of n vectors around their own mean (Chan, Golub and LeVeque 1983). */
interface Moments {
  n: number;
  readonly mean: Float64Array;
  /** `Σ (x − mean)(x − mean)ᵀ`, lower triangle. */
  readonly scatter: Float64Array;
}

/**
 * Starts a running mean and covariance in float64. Blocks are summed around their own mean and joined by Chan's formula, so that a
 * mean far from zero costs no digits.
 *
 * @param dims - features per vector, 1 to 16384.
 * @throws {RangeError} when dims is out of range.
 */
export function createStatistics(dims: number): Statistics {
  if (!Number.isInteger(dims) || dims < 1 || dims > MAX_DIMS) {
    throw new RangeError(
      `createStatistics: expected dims from 1 to ${MAX_DIMS}, got ${dims}. Pass the width of the features.`,
    );
  }
  return new RunningStatistics(dims);
}

/** Above this the covariance alone takes more than 2 GiB. */
const MAX_DIMS = 16_384;

class RunningStatistics implements Statistics {
  readonly dims: number;
  readonly #moments: Moments;
  /** `[dims, BLOCK_ROWS]`: a gathered block, one feature a row. */
  readonly #block: Float64Array;
  #gathered = 0;

  constructor(dims: number) {
    this.dims = dims;
    this.#moments = { n: 0, mean: new Float64Array(dims), scatter: new Float64Array(dims * dims) };
    this.#block = new Float64Array(dims * BLOCK_ROWS);
  }

  get n(): number {
    return this.#moments.n + this.#gathered;
  }

  add(features: Features): void {
    const values = flatten('add', features, this.dims);
    const dims = this.dims;
    for (let at = 0; at < values.length; at += dims) {
      for (let d = 0; d < dims; d++) this.#block[d * BLOCK_ROWS + this.#gathered] = values[at + d] as number;
      if (++this.#gathered === BLOCK_ROWS) {
        join(this.#moments, summarize(this.#block, BLOCK_ROWS, dims));
        this.#gathered = 0;
      }
    }
  }

  merge(other: Statistics): void {
    if (!(other instanceof RunningStatistics)) {
      throw new TypeError(
        'merge: expected statistics made by createStatistics, got another object. Add its features instead.',
      );
    }
    if (other.dims !== this.dims) {
      throw new RangeError(
        `merge: expected ${this.dims} dims, got ${other.dims}. Use the same feature network for both.`,
      );
    }
    join(this.#moments, other.#total());
  }

  result(): StatisticsResult {
    const { n, mean, scatter } = this.#total();
    if (n < 2) throw new RangeError(`result: expected at least 2 feature vectors, got ${n}. Add more.`);
    const dims = this.dims;
    for (let i = 0; i < dims; i++) {
      for (let j = 0; j <= i; j++) {
        const value = (scatter[i * dims + j] as number) / (n - 1);
        scatter[i * dims + j] = value;
        scatter[j * dims + i] = value;
      }
    }
    return { mu: mean, sigma: scatter, n };
  }

  /** Everything so far as new arrays, the unfinished block included. */
  #total(): Moments {
    const total = { n: this.#moments.n, mean: this.#moments.mean.slice(), scatter: this.#moments.scatter.slice() };
    if (this.#gathered > 0) join(total, summarize(this.#block.slice(), this.#gathered, this.dims));
    return total;
  }
}

/** Moments of the first `rows` vectors of a block, which is centred in place. */
function summarize(block: Float64Array, rows: number, dims: number): Moments {
  const mean = new Float64Array(dims);
  for (let d = 0; d < dims; d++) {
    const feature = block.subarray(d * BLOCK_ROWS, d * BLOCK_ROWS + rows);
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += feature[r] as number;
    const centre = sum / rows;
    mean[d] = centre;
    for (let r = 0; r < rows; r++) feature[r] = (feature[r] as number) - centre;
    block.fill(0, d * BLOCK_ROWS + rows, (d + 1) * BLOCK_ROWS); // rows of an older block
  }
  const scatter = new Float64Array(dims * dims);
  const matrix = { data: block, rows: dims, columns: BLOCK_ROWS };
  multiplyTransposed(scatter, matrix, matrix, (i, j) => (j > i + 3 ? Number.POSITIVE_INFINITY : 0));
  return { n: rows, mean, scatter };
}

/** Adds `from` to `into`. */
function join(into: Moments, from: Moments): void {
  const dims = into.mean.length;
  const n = into.n + from.n;
  if (n === 0) return;
  const share = from.n / n;
  const delta = from.mean.map((value, i) => value - (into.mean[i] as number));
  for (let i = 0; i < dims; i++) {
    const weighted = (delta[i] as number) * into.n * share;
    for (let j = 0; j <= i; j++) {
      const at = i * dims + j;
      into.scatter[at] = (into.scatter[at] as number) + (from.scatter[at] as number) + weighted * (delta[j] as number);
    }
  }
  for (let i = 0; i < dims; i++) into.mean[i] = (into.mean[i] as number) + (delta[i] as number) * share;
  into.n = n;
}
