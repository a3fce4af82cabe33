import { checkPair, type Gaussian } from './gaussian.js';
import { type LinearAlgebra, TYPED_ARRAYS } from './linear-algebra/linear-algebra.js';

/** How negative a remaining variance may be, relative to the largest; covariances rounded to float32 stay below. */
const DEFICIT = 1e-4;

/** Options of `frechetDistance`. */
export interface FrechetDistanceOptions {
  /** Who factors and multiplies: `findLapack()` of `@edm2/fid/node`, for example; default plain typed arrays. */
  readonly linearAlgebra?: LinearAlgebra | undefined;
}

/**
 * Fréchet distance of two Gaussians, `‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½)`, in float64.
 *
 * With `Σ₁ = L·Lᵀ` the eigenvalues of `Σ₁Σ₂` are those of the symmetric `Lᵀ·Σ₂·L`; no matrix root is formed. Eigenvalues that rounding
 * made negative count as 0, and so does a negative result. Exactly 0 for equal statistics. Works for singular covariances; each null
 * direction then costs the root of a rounding error (about 1e-8 of the scale), as in every float64 method.
 *
 * @param a - statistics of one set.
 * @param b - statistics of the other, of the same dims.
 * @returns at least 0.
 * @throws {RangeError} when dims differ, sizes do not fit, or values are not finite, not symmetric or not positive semidefinite.
 * @see Dowson and Landau 1982; Heusel et al. 2017, eq. 6.
 */
export function frechetDistance(
  a: Gaussian,
  b: Gaussian,
  { linearAlgebra = TYPED_ARRAYS }: FrechetDistanceOptions = {},
): number {
  const { dims, delta, first, second } = checkPair('frechetDistance', a, b);
  let sum = delta.reduce((total, value) => total + value * value, 0);
  if (sum === 0 && first.every((value, i) => value === second[i])) return 0;

  for (let i = 0; i < dims; i++) sum += (first[i * dims + i] as number) + (second[i * dims + i] as number);
  return Math.max(0, sum - 2 * traceOfRoot(first, second, dims, linearAlgebra));
}

/** `tr (Σ₁Σ₂)^½`. */
function traceOfRoot(
  sigma1: Float64Array,
  sigma2: Float64Array,
  dims: number,
  { multiplyTransposed, pivotedCholesky, symmetricEigenvalues }: LinearAlgebra,
): number {
  // Powers of 4 bring both near 1, exactly, so that no product overflows or vanishes.
  const scale1 = powerOfTwo(sigma1, dims);
  const scale2 = powerOfTwo(sigma2, dims);
  if (scale1 === 0 || scale2 === 0) return 0;
  const { upper, rank, order, deficit } = pivotedCholesky(
    sigma1.map((value) => value / scale1 / scale1),
    dims,
  );
  if (deficit < -DEFICIT) throw indefinite('a', deficit);
  const permuted = new Float64Array(dims * dims);
  for (let i = 0; i < dims; i++) {
    const row = (order[i] as number) * dims;
    for (let j = 0; j < dims; j++)
      permuted[i * dims + j] = (sigma2[row + (order[j] as number)] as number) / scale2 / scale2;
  }
  const l = { data: upper, rows: rank, columns: dims }; // Lᵀ: row k is zero before k
  const product = { data: new Float64Array(rank * dims), rows: rank, columns: dims };
  multiplyTransposed(product.data, l, { data: permuted, rows: dims, columns: dims }, (k) => k);
  const inner = new Float64Array(rank * rank);
  multiplyTransposed(inner, l, product, (k, j) => (j > k + 3 ? Number.POSITIVE_INFINITY : k));
  // Pivoting puts the large entries first. Reading the lower triangle backwards puts them last, where the QL method keeps the
  // small eigenvalues' digits, and the small ones' roots are what the trace is sensitive to.
  const graded = new Float64Array(rank * rank);
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j <= i; j++) graded[i * rank + j] = inner[(rank - 1 - j) * rank + (rank - 1 - i)] as number;
  }
  const eigenvalues = symmetricEigenvalues(graded, rank);
  const least = eigenvalues.reduce((x, y) => Math.min(x, y), 0);
  const largest = eigenvalues.reduce((x, y) => Math.max(x, y), 0);
  if (least < -DEFICIT * largest) throw indefinite('b', least / largest);
  return scale1 * scale2 * eigenvalues.reduce((total, value) => total + Math.sqrt(Math.max(0, value)), 0);
}

const indefinite = (name: string, share: number): RangeError =>
  new RangeError(
    `frechetDistance: expected a positive semidefinite ${name}.sigma, got a variance of ${share.toExponential(1)} times the largest. Recompute it.`,
  );

/** A power of two near the root of the largest variance, 0 when all are 0. */
function powerOfTwo(sigma: Float64Array, dims: number): number {
  let largest = 0;
  for (let i = 0; i < dims; i++) largest = Math.max(largest, sigma[i * dims + i] as number);
  return largest > 0 ? 2 ** Math.round(Math.log2(largest) / 2) : 0;
}
