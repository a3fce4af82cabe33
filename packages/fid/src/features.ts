import type { Matrix } from './linear-algebra/multiply-transposed.js';

/** A tensor of any library: row-major values with a shape. */
export interface TensorLike {
  readonly shape: readonly number[];
  dataSync(): ArrayLike<number>;
}

/** `[N, dims]`: flat row-major values, one array a row, or a tensor (read, not disposed). */
export type Features = Float32Array | Float64Array | readonly ArrayLike<number>[] | TensorLike;

/** What functions of whole sets take besides their own options. */
export interface FeatureOptions {
  /** Width of the features; needed for flat arrays, which do not tell. */
  readonly dims?: number;
}

/**
 * Features as flat row-major values, checked.
 *
 * @param caller - name of the public function, for errors.
 * @param features - `[N, dims]`.
 * @param dims - at least 1.
 * @throws {RangeError} when the values do not make rows of dims, or one is not finite.
 */
export function flatten(caller: string, features: Features, dims: number): ArrayLike<number> {
  let values: ArrayLike<number>;
  if (features instanceof Float32Array || features instanceof Float64Array) values = features;
  else if ('dataSync' in features) {
    if (features.shape.length !== 2 || features.shape[1] !== dims) {
      throw new RangeError(`${caller}: expected features [N, ${dims}], got [${features.shape}]. Reshape them.`);
    }
    values = features.dataSync();
  } else {
    const odd = features.find((row) => row.length !== dims);
    if (odd)
      throw new RangeError(`${caller}: expected rows of ${dims} values, got one of ${odd.length}. Check the features.`);
    values = features.flatMap((row) => Array.from(row));
  }
  if (values.length % dims !== 0) {
    throw new RangeError(
      `${caller}: expected a multiple of ${dims} values, got ${values.length}. Check the features' width.`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new RangeError(
        `${caller}: expected finite features, got ${values[i]} in row ${Math.floor(i / dims)}. Look at that image.`,
      );
    }
  }
  return values;
}

/**
 * Features as a float64 matrix `[N, dims]` of its own memory, checked.
 *
 * @param caller - name of the public function, for errors.
 * @param features - `[N, dims]`.
 * @param options - `dims` when the features are a flat array; `least` rows are asked for (default 1).
 * @throws {RangeError} when the width is unknown or differs, there are too few rows, or a value is not finite.
 */
export function featureMatrix(
  caller: string,
  features: Features,
  { dims, least = 1 }: { dims?: number | undefined; least?: number },
): Matrix {
  const columns = dims ?? widthOf(features);
  if (columns === undefined || !Number.isInteger(columns) || columns < 1) {
    throw new RangeError(
      `${caller}: expected the features' width, got ${columns}. Pass { dims }, rows or a tensor [N, dims].`,
    );
  }
  const data = Float64Array.from(flatten(caller, features, columns));
  const rows = data.length / columns;
  if (rows < least) {
    throw new RangeError(`${caller}: expected at least ${least} feature vectors, got ${rows}. Add more.`);
  }
  return { data, rows, columns };
}

function widthOf(features: Features): number | undefined {
  if (features instanceof Float32Array || features instanceof Float64Array) return undefined;
  if ('dataSync' in features) return features.shape[1];
  return features[0]?.length;
}

/**
 * Two sets of features of one width.
 *
 * @param caller - name of the public function, for errors.
 * @throws {RangeError} as `featureMatrix`, and when the widths differ.
 */
export function featurePair(
  caller: string,
  x: Features,
  y: Features,
  options: { dims?: number | undefined; least?: number },
): [Matrix, Matrix] {
  const first = featureMatrix(caller, x, options);
  const second = featureMatrix(caller, y, options);
  if (first.columns !== second.columns) {
    throw new RangeError(
      `${caller}: expected features of equal width, got ${first.columns} and ${second.columns}. Use the same feature network for both.`,
    );
  }
  return [first, second];
}

/**
 * Rows of a set, in the order asked for; a row may be taken more than once.
 *
 * @param features - `[N, dims]`.
 * @param rows - `[M]`, each from 0 to N − 1.
 * @returns `[M, dims]` row-major, float64.
 * @throws {RangeError} when a row is out of range, or the features are no matrix of finite values.
 */
export function takeRows(features: Features, rows: ArrayLike<number>, { dims }: FeatureOptions = {}): Float64Array {
  return pickRows('takeRows', featureMatrix('takeRows', features, { dims }), rows).data;
}

/** Rows of a matrix as one of their own. */
export function pickRows(caller: string, from: Matrix, rows: ArrayLike<number>): Matrix {
  const { columns } = from;
  const data = new Float64Array(rows.length * columns);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? -1;
    if (!Number.isInteger(row) || row < 0 || row >= from.rows) {
      throw new RangeError(`${caller}: expected rows from 0 to ${from.rows - 1}, got ${row}. Check the indices.`);
    }
    data.set(from.data.subarray(row * columns, (row + 1) * columns), i * columns);
  }
  return { data, rows: rows.length, columns };
}
