import { type FeatureOptions, type Features, featurePair, pickRows } from './features.js';
import type { Matrix } from './linear-algebra/multiply-transposed.js';
import { forEachRowOfProducts } from './pairwise.js';
import { createUniform, drawRows } from './random.js';
import { populationSpread, type Spread } from './spread.js';

/** Rows of both sets that one subset takes. */
export interface SubsetRows {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** Options of the kernel distance over subsets. */
export interface KernelSubsetOptions extends FeatureOptions {
  /** How many subsets are drawn (100 in publications), or their rows. */
  readonly subsets: number | readonly SubsetRows[];
  /** Rows of a drawn subset, at least 2; default 1000, or the smaller set's size if that is less. */
  readonly subsetSize?: number;
  /** Seed of the draw, an integer; default 0. */
  readonly seed?: number;
}

/**
 * Kernel distance (KID): the unbiased squared maximum mean discrepancy with the kernel `(x·y/dims + 1)³`, in float64. Unlike the Fréchet
 * distance it is not biased by the number of images; it may come out slightly negative.
 *
 * Without `subsets` of the whole sets at once. With them the mean over subsets, as published, and its population standard deviation.
 * Time grows with the product of the sets' sizes, memory does not.
 *
 * @param x - `[N, dims]`, N ≥ 2.
 * @param y - `[M, dims]`, M ≥ 2.
 * @throws {RangeError} when widths differ, there are too few rows for what is asked, or a value is not finite.
 * @see Bińkowski et al. 2018.
 */
export function kernelDistance(x: Features, y: Features, options?: FeatureOptions): number;
export function kernelDistance(x: Features, y: Features, options: KernelSubsetOptions): Spread;
export function kernelDistance(
  x: Features,
  y: Features,
  options: FeatureOptions | KernelSubsetOptions = {},
): number | Spread {
  const [a, b] = featurePair('kernelDistance', x, y, { dims: options.dims, least: 2 });
  if (!('subsets' in options)) return discrepancy(a, b);
  const subsets = Array.isArray(options.subsets) ? options.subsets : draw(a.rows, b.rows, options);
  if (subsets.length === 0 || subsets.some((rows) => rows.x.length < 2 || rows.y.length < 2)) {
    throw new RangeError('kernelDistance: expected subsets of at least 2 rows each, got fewer. Take more rows.');
  }
  return populationSpread(
    Float64Array.from(subsets, (rows) =>
      discrepancy(pickRows('kernelDistance', a, rows.x), pickRows('kernelDistance', b, rows.y)),
    ),
  );
}

function draw(n: number, m: number, { subsets, subsetSize, seed = 0 }: KernelSubsetOptions): SubsetRows[] {
  const smaller = Math.min(n, m);
  const size = subsetSize ?? Math.min(1000, smaller);
  if (!Number.isInteger(subsets) || Number(subsets) < 1) {
    throw new RangeError(`kernelDistance: expected subsets ≥ 1, got ${subsets}. Use 100, as in publications.`);
  }
  if (!Number.isInteger(size) || size < 2 || size > smaller) {
    throw new RangeError(
      `kernelDistance: expected subsetSize from 2 to ${smaller}, the smaller set, got ${size}. Take fewer rows.`,
    );
  }
  const random = createUniform(seed);
  return Array.from({ length: Number(subsets) }, () => ({
    x: drawRows(random, n, size),
    y: drawRows(random, m, size),
  }));
}

/** Unbiased MMD² of all rows. */
function discrepancy(x: Matrix, y: Matrix): number {
  const within = (z: Matrix): number => sumOfKernel(z, z, true) / (z.rows * (z.rows - 1));
  return within(x) + within(y) - (2 * sumOfKernel(x, y, false)) / (x.rows * y.rows);
}

/** Sum of the kernel over all pairs; those of a row with itself left out on demand. */
function sumOfKernel(x: Matrix, y: Matrix, isSame: boolean): number {
  let total = 0;
  forEachRowOfProducts(x, y, (row, products) => {
    let sum = 0;
    for (let j = 0; j < products.length; j++) {
      if (isSame && j === row) continue;
      const base = (products[j] as number) / x.columns + 1;
      sum += base * base * base;
    }
    total += sum;
  });
  return total;
}
