/** A factor of a positive semidefinite matrix: `a[order[i], order[j]] = Σₖ upper[k, i]·upper[k, j]`. */
export interface CholeskyFactor {
  /** `[rank, dims]` row-major, zero where i < k. */
  readonly upper: Float64Array;
  readonly rank: number;
  /** Pivot order, `[dims]`. */
  readonly order: Int32Array;
  /** Most negative diagonal value that was left, relative to the largest of `a`; 0 or a rounding error when `a` has no negative eigenvalue. */
  readonly deficit: number;
}

/**
 * Cholesky factorisation with diagonal pivoting, of singular matrices too. Stops when what is left is rounding error.
 *
 * @param a - `[dims, dims]` row-major, symmetric.
 * @param dims - at least 1.
 */
export function pivotedCholesky(a: Float64Array, dims: number): CholeskyFactor {
  const order = Int32Array.from({ length: dims }, (_, i) => i);
  const rest = Float64Array.from({ length: dims }, (_, i) => a[i * dims + i] as number);
  const largest = rest.reduce((x, y) => Math.max(x, y), 0);
  const tolerance = Number.EPSILON * largest;
  // Row i belongs to order[i] and is filled from the left, so that every sum runs along memory.
  const lower = new Float64Array(dims * dims);
  let rank = 0;
  while (rank < dims) {
    const pivot = indexOfLargest(rest, rank);
    const value = rest[pivot] as number;
    if (!(value > tolerance)) break;
    swap(order, rank, pivot);
    swap(rest, rank, pivot);
    swapRows(lower, dims, rank, pivot, rank);
    const root = Math.sqrt(value);
    const row = rank * dims;
    const column = (order[rank] as number) * dims;
    lower[row + rank] = root;
    for (let i = rank + 1; i < dims; i++) {
      const at = i * dims;
      let s0 = a[column + (order[i] as number)] as number;
      let s1 = 0;
      let k = 0;
      for (; k + 1 < rank; k += 2) {
        s0 -= (lower[at + k] as number) * (lower[row + k] as number);
        s1 -= (lower[at + k + 1] as number) * (lower[row + k + 1] as number);
      }
      if (k < rank) s0 -= (lower[at + k] as number) * (lower[row + k] as number);
      const entry = (s0 + s1) / root;
      lower[at + rank] = entry;
      rest[i] = (rest[i] as number) - entry * entry;
    }
    rank++;
  }
  let least = 0;
  for (let i = rank; i < dims; i++) least = Math.min(least, rest[i] as number);
  const upper = new Float64Array(rank * dims);
  for (let i = 0; i < dims; i++) {
    for (let k = 0; k < Math.min(i + 1, rank); k++) upper[k * dims + i] = lower[i * dims + k] as number;
  }
  return { upper, rank, order, deficit: largest > 0 ? least / largest : least };
}

function indexOfLargest(values: Float64Array, from: number): number {
  let best = from;
  for (let i = from + 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}

function swap(values: Float64Array | Int32Array, i: number, j: number): void {
  const value = values[i] as number;
  values[i] = values[j] as number;
  values[j] = value;
}

function swapRows(matrix: Float64Array, columns: number, i: number, j: number, length: number): void {
  if (i === j) return;
  const row = matrix.slice(i * columns, i * columns + length);
  matrix.copyWithin(i * columns, j * columns, j * columns + length);
  matrix.set(row, j * columns);
}
