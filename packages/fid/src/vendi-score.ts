import { type FeatureOptions, type Features, featureMatrix } from './features.js';
import { type Matrix, multiplyTransposed } from './linear-algebra/multiply-transposed.js';
import { symmetricEigenvalues } from './linear-algebra/symmetric-eigenvalues.js';

/** Options of `vendiScore`. */
export interface VendiScoreOptions extends FeatureOptions {
  /** Order of the entropy, at least 0, Infinity included; default 1 (Shannon). Small orders count rare kinds more. */
  readonly q?: number;
  /** Similarity of two rows of unit length from their inner product, positive semidefinite, 1 for equal rows; default the product itself. */
  readonly kernel?: (product: number, dims: number) => number;
}

/** Rows with a kernel of one's own: their similarities and work space take 4 GiB. */
const MAX_ROWS = 16_384;

/**
 * Vendi score: the effective number of different images in one set, the exponential of the entropy of the eigenvalues of `K/n`. Needs no
 * reference. Rows are normalised to unit length.
 *
 * @param features - `[N, dims]`, no row all zeros.
 * @returns 1 (all equal) to N (all orthogonal) for the default kernel.
 * @throws {RangeError} when q is negative, a row is zero, N is above 16384 with a kernel, or a value is not finite.
 * @see Friedman and Dieng 2023; Pasarkar and Dieng 2024 for q.
 */
export function vendiScore(features: Features, { q = 1, kernel, dims }: VendiScoreOptions = {}): number {
  if (!(q >= 0)) throw new RangeError(`vendiScore: expected q ≥ 0, got ${q}. Use 1, or Infinity.`);
  const x = featureMatrix('vendiScore', features, { dims });
  normalize(x);
  if (!kernel && x.rows > x.columns) return score(eigenvalues(transpose(x), x.rows), q); // XᵀX has the same eigenvalues
  if (x.rows > MAX_ROWS) {
    throw new RangeError(`vendiScore: expected at most ${MAX_ROWS} rows, got ${x.rows}. Score a part of them.`);
  }
  return score(eigenvalues(x, x.rows, kernel && ((product) => kernel(product, x.columns))), q);
}

function eigenvalues(x: Matrix, n: number, kernel: (product: number) => number = (product) => product): Float64Array {
  const gram = new Float64Array(x.rows * x.rows);
  multiplyTransposed(gram, x, x, (i, j) => (j > i + 3 ? Number.POSITIVE_INFINITY : 0));
  for (let i = 0; i < x.rows; i++) {
    for (let j = 0; j <= i; j++) gram[i * x.rows + j] = kernel(gram[i * x.rows + j] as number) / n;
  }
  return symmetricEigenvalues(gram, x.rows);
}

/** The exponential of the entropy of order q. */
function score(values: Float64Array, q: number): number {
  const positive = values.filter((value) => value > NEGLIGIBLE);
  if (q === 1) return Math.exp(-positive.reduce((sum, value) => sum + value * Math.log(value), 0));
  if (q === Number.POSITIVE_INFINITY) return 1 / positive.reduce((x, y) => Math.max(x, y), 0);
  return positive.reduce((sum, value) => sum + value ** q, 0) ** (1 / (1 - q));
}

/** Eigenvalues below are rounding errors of zero; it matters for q near 0, which counts them. */
const NEGLIGIBLE = 1e-13;

function normalize({ data, rows, columns }: Matrix): void {
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * columns, (i + 1) * columns);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (length === 0)
      throw new RangeError(`vendiScore: expected rows of some length, got zeros in row ${i}. Leave it out.`);
    for (let d = 0; d < columns; d++) row[d] = (row[d] as number) / length;
  }
}

function transpose({ data, rows, columns }: Matrix): Matrix {
  const turned = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) {
    for (let d = 0; d < columns; d++) turned[d * rows + i] = data[i * columns + d] as number;
  }
  return { data: turned, rows: columns, columns: rows };
}
