import { type FeatureOptions, type Features, featurePair } from './features.js';
import { forEachRowOfProducts, squaredLengths } from './pairwise.js';

/** Options of `nearestNeighbours`. */
export interface NearestNeighboursOptions extends FeatureOptions {
  /** How many of each row; default 1. */
  readonly k?: number;
}

/** Nearest rows of another set, nearest first. */
export interface NearestNeighbours {
  /** `[N, k]`: rows of the other set. */
  readonly rows: Int32Array;
  /** `[N, k]`: Euclidean distances to them. */
  readonly distances: Float64Array;
}

/**
 * The nearest rows of `others` to each row of `set`, in float64; of equally near ones the first. Time grows with the product of the sets'
 * sizes, memory does not.
 *
 * @param set - `[N, dims]`.
 * @param others - `[M, dims]`, M ≥ k.
 * @throws {RangeError} when k is out of range, widths differ, or a value is not finite.
 */
export function nearestNeighbours(
  set: Features,
  others: Features,
  { k = 1, dims }: NearestNeighboursOptions = {},
): NearestNeighbours {
  if (!Number.isInteger(k) || k < 1)
    throw new RangeError(`nearestNeighbours: expected k of at least 1, got ${k}. Use 1.`);
  const [x, y] = featurePair('nearestNeighbours', set, others, { dims });
  if (k > y.rows)
    throw new RangeError(`nearestNeighbours: expected k up to the ${y.rows} rows that there are, got ${k}. Lower it.`);
  const lengths = squaredLengths(y);
  const rows = new Int32Array(x.rows * k);
  const distances = new Float64Array(x.rows * k);
  const near = new Float64Array(k);
  forEachRowOfProducts(x, y, (i, products) => {
    near.fill(Number.POSITIVE_INFINITY);
    const found = rows.subarray(i * k, (i + 1) * k);
    for (let j = 0; j < products.length; j++) {
      // Squared distance but for the row's own length, which all have in common.
      const distance = (lengths[j] as number) - 2 * (products[j] as number);
      if (distance >= (near[k - 1] as number)) continue;
      let at = k - 1;
      for (; at > 0 && (near[at - 1] as number) > distance; at--) {
        near[at] = near[at - 1] as number;
        found[at] = found[at - 1] as number;
      }
      near[at] = distance;
      found[at] = j;
    }
    // Anew from the differences: a copy is at 0, not at what rounding leaves of large lengths.
    for (let n = 0; n < k; n++) {
      let sum = 0;
      for (let c = 0; c < x.columns; c++)
        sum += ((x.data[i * x.columns + c] as number) - (y.data[(found[n] as number) * y.columns + c] as number)) ** 2;
      distances[i * k + n] = Math.sqrt(sum);
    }
  });
  return { rows, distances };
}
