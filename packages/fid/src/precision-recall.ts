import { type FeatureOptions, type Features, featurePair } from './features.js';
import type { Matrix } from './linear-algebra/multiply-transposed.js';
import { forEachRowOfProducts, squaredLengths } from './pairwise.js';

/** Options of `precisionRecall`. */
export interface PrecisionRecallOptions extends FeatureOptions {
  /** The neighbour whose distance is a sample's radius, at least 1; default 3. */
  readonly k?: number;
}

/** Fidelity and diversity apart. */
export interface PrecisionRecall {
  /** Share of generated images inside some real image's ball, 0 to 1. */
  readonly precision: number;
  /** Share of real images inside some generated image's ball, 0 to 1. */
  readonly recall: number;
  /** Real balls around a generated image, over k; at least 0, about 1 for equal distributions. */
  readonly density: number;
  /** Share of real images whose ball holds a generated image, 0 to 1. */
  readonly coverage: number;
}

/**
 * Improved precision and recall, density and coverage, in float64. A sample's ball reaches to its k-th nearest neighbour in its own set,
 * itself not counted; inside means strictly nearer. Time grows with the product of the sets' sizes, memory does not.
 *
 * @param real - `[N, dims]`, N > k.
 * @param fake - `[M, dims]`, M > k.
 * @throws {RangeError} when k is out of range, widths differ, or a value is not finite.
 * @see Kynkäänniemi et al. 2019; Naeem et al. 2020.
 */
export function precisionRecall(
  real: Features,
  fake: Features,
  { k = 3, dims }: PrecisionRecallOptions = {},
): PrecisionRecall {
  if (!Number.isInteger(k) || k < 1 || k > MAX_NEIGHBOUR) {
    throw new RangeError(`precisionRecall: expected k from 1 to ${MAX_NEIGHBOUR}, got ${k}. Use 3 or 5.`);
  }
  const [x, y] = featurePair('precisionRecall', real, fake, { dims, least: k + 1 });
  centre(x, y);
  const lengthsX = squaredLengths(x);
  const lengthsY = squaredLengths(y);
  const radiiX = squaredRadii(x, lengthsX, k);
  const radiiY = squaredRadii(y, lengthsY, k);

  const isPrecise = new Uint8Array(y.rows);
  let balls = 0;
  let recalled = 0;
  let covered = 0;
  forEachRowOfProducts(x, y, (i, products) => {
    const length = lengthsX[i] as number;
    const radius = radiiX[i] as number;
    let isRecalled = false;
    let nearest = Number.POSITIVE_INFINITY;
    for (let j = 0; j < products.length; j++) {
      const distance = Math.max(0, length + (lengthsY[j] as number) - 2 * (products[j] as number));
      nearest = Math.min(nearest, distance);
      if (distance < radius) {
        isPrecise[j] = 1;
        balls++;
      }
      if (distance < (radiiY[j] as number)) isRecalled = true;
    }
    if (isRecalled) recalled++;
    if (nearest < radius) covered++;
  });
  return {
    precision: isPrecise.reduce((sum, value) => sum + value, 0) / y.rows,
    recall: recalled / x.rows,
    density: balls / (k * y.rows),
    coverage: covered / x.rows,
  };
}

/** Neighbours are kept in a sorted list; beyond this a selection would be faster, and the figures mean little. */
const MAX_NEIGHBOUR = 1000;

/** Subtracts the first set's mean from both, in place: distances stay, and their digits are not lost to a large mean. */
function centre(x: Matrix, y: Matrix): void {
  const { columns } = x;
  const mean = new Float64Array(columns);
  for (let i = 0; i < x.data.length; i++) {
    mean[i % columns] = (mean[i % columns] as number) + (x.data[i] as number) / x.rows;
  }
  for (const { data } of [x, y]) {
    for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) - (mean[i % columns] as number);
  }
}

/** Squared distance of each row to its k-th nearest other row. */
function squaredRadii(x: Matrix, lengths: Float64Array, k: number): Float64Array {
  const radii = new Float64Array(x.rows);
  const nearest = new Float64Array(k); // ascending
  forEachRowOfProducts(x, x, (i, products) => {
    nearest.fill(Number.POSITIVE_INFINITY);
    const length = lengths[i] as number;
    for (let j = 0; j < products.length; j++) {
      const distance = Math.max(0, length + (lengths[j] as number) - 2 * (products[j] as number));
      if (j === i || distance >= (nearest[k - 1] as number)) continue;
      let at = k - 1;
      for (; at > 0 && (nearest[at - 1] as number) > distance; at--) nearest[at] = nearest[at - 1] as number;
      nearest[at] = distance;
    }
    radii[i] = nearest[k - 1] as number;
  });
  return radii;
}
