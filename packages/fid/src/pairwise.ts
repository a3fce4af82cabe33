import { type Matrix, multiplyTransposed } from './linear-algebra/multiply-transposed.js';

/** Products that are held at a time: 32 MiB. */
const MAX_PRODUCTS = 2 ** 22;

/**
 * Visits the inner products of all rows of `x` with all rows of `y`, a band of rows at a time. Memory does not grow with the square of
 * the sets.
 *
 * @param x - `[N, dims]`.
 * @param y - `[M, dims]`.
 * @param visit - takes one row of `x` and its products with `y`, `[M]`; the array is reused.
 */
export function forEachRowOfProducts(x: Matrix, y: Matrix, visit: (row: number, products: Float64Array) => void): void {
  const band = Math.max(4, Math.min(256, Math.floor(MAX_PRODUCTS / Math.max(1, y.rows))));
  const products = new Float64Array(band * y.rows);
  for (let start = 0; start < x.rows; start += band) {
    const rows = Math.min(band, x.rows - start);
    products.fill(0);
    multiplyTransposed(
      products,
      { data: x.data.subarray(start * x.columns, (start + rows) * x.columns), rows, columns: x.columns },
      y,
    );
    for (let i = 0; i < rows; i++) visit(start + i, products.subarray(i * y.rows, (i + 1) * y.rows));
  }
}

/** Squared length of each row, summed in the order that products are: a row's distance to its copy is exactly 0. */
export function squaredLengths({ data, rows, columns }: Matrix): Float64Array {
  const lengths = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const row = { data: data.subarray(i * columns, (i + 1) * columns), rows: 1, columns };
    multiplyTransposed(lengths.subarray(i, i + 1), row, row);
  }
  return lengths;
}
