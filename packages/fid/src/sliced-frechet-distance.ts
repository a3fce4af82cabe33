import { checkPair, type Gaussian } from './gaussian.js';
import { type Matrix, multiplyTransposed } from './linear-algebra/multiply-transposed.js';
import { createUniform, drawDirection } from './random.js';

/** Options of `slicedFrechetDistance`. */
export interface SlicedFrechetOptions {
  /** Random directions, at least 1; default 512. The error falls with their root. */
  readonly directions?: number;
  /** Any integer; default 0. Equal seeds draw equal directions. */
  readonly seed?: number;
}

/**
 * Mean Fréchet distance of two Gaussians seen along random directions: `E_w (wᵀΔμ)² + (√(wᵀΣ₁w) − √(wᵀΣ₂w))²`, w uniform on the unit
 * sphere. Needs no roots of matrices, so it stays well conditioned for fewer images than dims. Smaller than the full distance by about
 * dims, and blind to correlations that no single direction shows.
 *
 * @param a - statistics of one set.
 * @param b - statistics of the other, of the same dims.
 * @returns at least 0, exactly 0 for equal statistics.
 * @throws {RangeError} as `frechetDistance`, and when directions is out of range.
 */
export function slicedFrechetDistance(
  a: Gaussian,
  b: Gaussian,
  { directions = 512, seed = 0 }: SlicedFrechetOptions = {},
): number {
  if (!Number.isInteger(directions) || directions < 1) {
    throw new RangeError(`slicedFrechetDistance: expected directions ≥ 1, got ${directions}. Use some hundreds.`);
  }
  const { dims, delta, first, second } = checkPair('slicedFrechetDistance', a, b);
  const random = createUniform(seed);
  const w = { data: new Float64Array(directions * dims), rows: directions, columns: dims };
  for (let i = 0; i < directions; i++) w.data.set(drawDirection(random, dims), i * dims);
  const variances1 = variancesAlong(w, first);
  const variances2 = variancesAlong(w, second);
  let total = 0;
  for (let i = 0; i < directions; i++) {
    let shift = 0;
    for (let d = 0; d < dims; d++) shift += (w.data[i * dims + d] as number) * (delta[d] as number);
    total += shift ** 2 + (Math.sqrt(variances1[i] as number) - Math.sqrt(variances2[i] as number)) ** 2;
  }
  return total / directions;
}

/** `wᵀΣw` of each row of w; rounding below 0 counts as 0. */
function variancesAlong(w: Matrix, sigma: Float64Array): Float64Array {
  const { rows, columns } = w;
  const product = new Float64Array(rows * columns);
  multiplyTransposed(product, w, { data: sigma, rows: columns, columns });
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let d = i * columns; d < (i + 1) * columns; d++) sum += (w.data[d] as number) * (product[d] as number);
    return Math.max(0, sum);
  });
}
