/** A factored symmetric positive (semi-)definite matrix: `P A Pᵀ ≈ L Lᵀ` on the leading `rank` rows and columns. */
export interface PivotedCholesky {
  readonly n: number;
  /** Leading rows that are independent to working precision; the others are left out (weight 0). */
  readonly rank: number;
  /** `permutation[i]`: the row of A that stands at place i. */
  readonly permutation: Int32Array;
  /** Row-major n × n, lower triangle. */
  readonly lower: Float64Array;
}

/**
 * Cholesky factorisation with diagonal pivoting, which orders the rows by what each adds to those before it: rows that
 * add nothing (a snapshot given twice) end up last and are left out instead of dividing by rounding noise.
 *
 * @param matrix - row-major `[n, n]`, symmetric, positive semi-definite; is not changed.
 * @param n - its size.
 */
export function pivotedCholesky(matrix: Float64Array, n: number): PivotedCholesky {
  const a = matrix.slice();
  const at = (i: number, j: number): number => a[i * n + j] as number;
  const permutation = Int32Array.from({ length: n }, (_, i) => i);
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, at(i, i));
  // A pivot at the level of the factorisation's own rounding error carries no information.
  const tolerance = n * Number.EPSILON * largest;
  let rank = 0;
  for (; rank < n; rank++) {
    let pivot = rank;
    for (let i = rank + 1; i < n; i++) if (at(i, i) > at(pivot, pivot)) pivot = i;
    if (!(at(pivot, pivot) > tolerance)) break;
    swapSymmetric(a, permutation, n, rank, pivot);
    const diagonal = Math.sqrt(at(rank, rank));
    a[rank * n + rank] = diagonal;
    for (let i = rank + 1; i < n; i++) a[i * n + rank] = at(i, rank) / diagonal;
    for (let i = rank + 1; i < n; i++)
      for (let j = rank + 1; j <= i; j++) a[i * n + j] = at(i, j) - at(i, rank) * at(j, rank);
  }
  return { n, rank, permutation, lower: a };
}

/** Swaps rows and columns i < j of a matrix of which the lower triangle is kept, columns before i being factored. */
function swapSymmetric(a: Float64Array, permutation: Int32Array, n: number, i: number, j: number): void {
  if (i === j) return;
  const swap = (p: number, q: number) => {
    const kept = a[p] as number;
    a[p] = a[q] as number;
    a[q] = kept;
  };
  for (let k = 0; k < i; k++) swap(i * n + k, j * n + k);
  for (let k = i + 1; k < j; k++) swap(k * n + i, j * n + k);
  for (let k = j + 1; k < n; k++) swap(k * n + i, k * n + j);
  swap(i * n + i, j * n + j);
  const kept = permutation[i] as number;
  permutation[i] = permutation[j] as number;
  permutation[j] = kept;
}

/** Solves `A x = b` with the factors; rows beyond the rank get 0. */
function solveFactored({ n, rank, permutation, lower }: PivotedCholesky, b: Float64Array): Float64Array {
  const y = new Float64Array(rank);
  for (let i = 0; i < rank; i++) {
    let sum = b[permutation[i] as number] as number;
    for (let k = 0; k < i; k++) sum -= (lower[i * n + k] as number) * (y[k] as number);
    y[i] = sum / (lower[i * n + i] as number);
  }
  const x = new Float64Array(n);
  for (let i = rank - 1; i >= 0; i--) {
    let sum = y[i] as number;
    for (let k = i + 1; k < rank; k++) sum -= (lower[k * n + i] as number) * (y[k] as number);
    y[i] = sum / (lower[i * n + i] as number);
  }
  for (let i = 0; i < rank; i++) x[permutation[i] as number] = y[i] as number;
  return x;
}

/**
 * `b − A x` with every product and sum in twice the working precision, so that refining a solution with it removes the
 * error of the factorisation and leaves only that of A's own rounding.
 */
export function residualOf(matrix: Float64Array, x: Float64Array, b: Float64Array): Float64Array {
  const n = x.length;
  const residual = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let high = b[i] as number;
    let low = 0;
    for (let j = 0; j < n; j++) {
      const u = -(matrix[i * n + j] as number);
      const v = x[j] as number;
      const product = u * v;
      low += productError(u, v, product);
      const sum = high + product;
      const shifted = sum - high;
      low += high - (sum - shifted) + (product - shifted);
      high = sum;
    }
    residual[i] = high + low;
  }
  return residual;
}

/** Veltkamp's constant 2²⁷ + 1: splits a float64 into two halves whose products are exact. */
const SPLITTER = 134217729;

function productError(u: number, v: number, product: number): number {
  const us = SPLITTER * u;
  const uh = us - (us - u);
  const ul = u - uh;
  const vs = SPLITTER * v;
  const vh = vs - (vs - v);
  const vl = v - vh;
  return ul * vl - (product - uh * vh - ul * vh - uh * vl);
}

/** Refinement steps that help at any condition number below 1/ε; each gains the digits that the factors are worth. */
const MAX_REFINEMENTS = 10;

/**
 * Solves `A x = b` by the factors and iterative refinement.
 *
 * @returns x, and `‖b − A x‖ / ‖b‖` in twice the working precision.
 */
export function solveRefined(
  matrix: Float64Array,
  factors: PivotedCholesky,
  b: Float64Array,
): { x: Float64Array; residual: number } {
  const norm = norm2(b) || 1;
  let x = solveFactored(factors, b);
  let residual = residualOf(matrix, x, b);
  for (let i = 0; i < MAX_REFINEMENTS; i++) {
    const correction = solveFactored(factors, residual);
    const next = x.map((value, j) => value + (correction[j] as number));
    const nextResidual = residualOf(matrix, next, b);
    if (!(norm2(nextResidual) < norm2(residual))) break;
    x = next;
    residual = nextResidual;
  }
  return { x, residual: norm2(residual) / norm };
}

/** `‖A‖₁·‖A⁻¹‖₁`; Infinity when A is singular to working precision. */
export function conditionOf(matrix: Float64Array, factors: PivotedCholesky): number {
  const { n } = factors;
  if (factors.rank < n) return Number.POSITIVE_INFINITY;
  const unit = new Float64Array(n);
  let norm = 0;
  let inverseNorm = 0;
  for (let j = 0; j < n; j++) {
    unit.fill(0);
    unit[j] = 1;
    inverseNorm = Math.max(inverseNorm, norm1(solveFactored(factors, unit)));
    norm = Math.max(norm, norm1(matrix.subarray(j * n, (j + 1) * n)));
  }
  return norm * inverseNorm;
}

const norm1 = (x: Float64Array): number => x.reduce((sum, value) => sum + Math.abs(value), 0);
const norm2 = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
