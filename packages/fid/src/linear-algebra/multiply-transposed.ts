/** Columns of one panel: four rows of each factor stay in the first-level cache while they meet. */
const PANEL = 256;

/** Rows of `b` that one panel keeps in the second-level cache. */
const BAND = 64;

/** A row-major float64 matrix of which `rows` rows of `columns` values are used. */
export interface Matrix {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * `out += a·bᵀ` in blocks of 4×4: `out[i, j] += Σₖ a[i, k]·b[j, k]`.
 *
 * @param out - `[a.rows, b.rows]`, row-major; changed in place.
 * @param a - `[m, K]`.
 * @param b - `[n, K]`.
 * @param first - for the block with upper left corner (i, j), a multiple of 4 each: the k to start from (everything before is zero),
 *   or Infinity when the block is not wanted.
 */
export function multiplyTransposed(
  out: Float64Array,
  a: Matrix,
  b: Matrix,
  first: (i: number, j: number) => number = () => 0,
): void {
  const length = a.columns;
  for (let k0 = 0; k0 < length; k0 += PANEL) {
    const k1 = Math.min(k0 + PANEL, length);
    for (let j0 = 0; j0 < b.rows; j0 += BAND) {
      const j1 = Math.min(j0 + BAND, b.rows);
      for (let i = 0; i < a.rows; i += 4) {
        for (let j = j0; j < j1; j += 4) {
          const k = Math.max(k0, first(i, j));
          if (k >= k1) continue;
          if (i + 4 <= a.rows && j + 4 <= b.rows) block(out, b.rows, a, i, b, j, k, k1);
          else edge(out, b.rows, a, i, b, j, k, k1);
        }
      }
    }
  }
}

/** A full 4×4 block; sixteen sums in registers. `as number` only quiets the type checker: every index is inside. */
function block(
  out: Float64Array,
  columns: number,
  a: Matrix,
  i: number,
  b: Matrix,
  j: number,
  from: number,
  to: number,
): void {
  const x = a.data;
  const y = b.data;
  const stride = a.columns;
  let p0 = i * stride + from;
  let p1 = p0 + stride;
  let p2 = p1 + stride;
  let p3 = p2 + stride;
  let q0 = j * stride + from;
  let q1 = q0 + stride;
  let q2 = q1 + stride;
  let q3 = q2 + stride;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  let s23 = 0;
  let s30 = 0;
  let s31 = 0;
  let s32 = 0;
  let s33 = 0;
  for (let k = from; k < to; k++) {
    const x0 = x[p0++] as number;
    const x1 = x[p1++] as number;
    const x2 = x[p2++] as number;
    const x3 = x[p3++] as number;
    const y0 = y[q0++] as number;
    const y1 = y[q1++] as number;
    const y2 = y[q2++] as number;
    const y3 = y[q3++] as number;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
  }
  addRow(out, i * columns + j, s00, s01, s02, s03);
  addRow(out, (i + 1) * columns + j, s10, s11, s12, s13);
  addRow(out, (i + 2) * columns + j, s20, s21, s22, s23);
  addRow(out, (i + 3) * columns + j, s30, s31, s32, s33);
}

function addRow(out: Float64Array, at: number, a: number, b: number, c: number, d: number): void {
  out[at] = (out[at] as number) + a;
  out[at + 1] = (out[at + 1] as number) + b;
  out[at + 2] = (out[at + 2] as number) + c;
  out[at + 3] = (out[at + 3] as number) + d;
}

/** A block cut by the matrix's edge, one sum at a time. */
function edge(
  out: Float64Array,
  columns: number,
  a: Matrix,
  i0: number,
  b: Matrix,
  j0: number,
  from: number,
  to: number,
): void {
  const stride = a.columns;
  for (let i = i0; i < Math.min(i0 + 4, a.rows); i++) {
    for (let j = j0; j < Math.min(j0 + 4, b.rows); j++) {
      let sum = 0;
      for (let k = from; k < to; k++) sum += (a.data[i * stride + k] as number) * (b.data[j * stride + k] as number);
      const at = i * columns + j;
      out[at] = (out[at] as number) + sum;
    }
  }
}
