/** Sweeps that one eigenvalue may take; two are usual, EISPACK gives up after thirty. */
const MAX_SWEEPS = 60;

/**
 * Eigenvalues of a symmetric matrix: Householder tridiagonalisation, then the QL method with implicit shifts
 * (as EISPACK's tred1 and imtql1). Errors are a small multiple of 2⁻⁵² times the largest eigenvalue.
 *
 * @param a - `[n, n]` row-major; only the lower triangle is read; overwritten.
 * @returns `[n]`, in no particular order.
 */
export function symmetricEigenvalues(a: Float64Array, n: number): Float64Array {
  const { diagonal, offDiagonal } = tridiagonalize(a, n);
  implicitQl(diagonal, offDiagonal);
  return diagonal;
}

/**
 * Reflects row after row, from the last, onto its neighbour of the diagonal. Each reflection subtracts `v·qᵀ + q·vᵀ` from what is left;
 * that is done while the next product is taken, so that the matrix is read once a row and not three times.
 */
function tridiagonalize(a: Float64Array, n: number): { diagonal: Float64Array; offDiagonal: Float64Array } {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n); // offDiagonal[i] stands between i and i + 1
  let v = new Float64Array(n);
  let q = new Float64Array(n);
  let nextV = new Float64Array(n);
  let p = new Float64Array(n);

  for (let i = n - 1; i >= 0; i--) {
    // The row itself, brought up to date with the reflection before.
    const row = i * n;
    for (let k = 0; k <= i; k++)
      a[row + k] = (a[row + k] as number) - (v[i] as number) * (q[k] as number) - (q[i] as number) * (v[k] as number);
    diagonal[i] = a[row + i] as number;
    if (i === 0) break;

    let scale = 0;
    for (let k = 0; k < i; k++) scale = Math.max(scale, Math.abs(a[row + k] as number));
    let squares = 0;
    for (let k = 0; k < i; k++) {
      const x = scale > 0 ? (a[row + k] as number) / scale : 0;
      nextV[k] = x;
      squares += x * x;
    }
    const alpha = nextV[i - 1] as number;
    const beta = alpha > 0 ? -Math.sqrt(squares) : Math.sqrt(squares);
    offDiagonal[i - 1] = scale * beta;
    nextV[i - 1] = alpha - beta;
    const h = squares - alpha * beta; // vᵀv / 2

    p.fill(0, 0, i);
    for (let j = 0; j < i; j++) {
      const at = j * n;
      const vj = v[j] as number;
      const qj = q[j] as number;
      const wj = nextV[j] as number;
      let sum = 0;
      for (let k = 0; k < j; k++) {
        const x = (a[at + k] as number) - vj * (q[k] as number) - qj * (v[k] as number);
        a[at + k] = x;
        sum += x * (nextV[k] as number);
        p[k] = (p[k] as number) + x * wj;
      }
      const x = (a[at + j] as number) - 2 * vj * qj;
      a[at + j] = x;
      p[j] = (p[j] as number) + sum + x * wj;
    }
    let product = 0;
    for (let k = 0; k < i; k++) {
      p[k] = h > 0 ? (p[k] as number) / h : 0;
      product += (p[k] as number) * (nextV[k] as number);
    }
    const shift = h > 0 ? product / (2 * h) : 0;
    for (let k = 0; k < i; k++) p[k] = (p[k] as number) - shift * (nextV[k] as number);
    [v, nextV] = [nextV, v];
    [q, p] = [p, q];
  }
  return { diagonal, offDiagonal };
}

/** Turns the diagonal `d` of a tridiagonal matrix into its eigenvalues; `e[i]` stands between i and i + 1. Both are overwritten. */
function implicitQl(d: Float64Array, e: Float64Array): void {
  const n = d.length;
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i] as number), Math.abs(e[i] as number));
  const negligible = Number.EPSILON ** 2 * norm;
  const isSplit = (i: number): boolean => {
    const size = Math.abs(e[i] as number);
    return size <= negligible || size <= Number.EPSILON * (Math.abs(d[i] as number) + Math.abs(d[i + 1] as number));
  };

  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && !isSplit(m)) m++;
      if (m === l) break;
      if (sweep === MAX_SWEEPS) {
        throw new RangeError(
          `symmetricEigenvalues: expected convergence within ${MAX_SWEEPS} sweeps, got none. Check for NaN.`,
        );
      }
      // Wilkinson's shift: the eigenvalue of the leading 2×2 block that is nearer to d[l].
      const half = ((d[l + 1] as number) - (d[l] as number)) / (2 * (e[l] as number));
      const root = Math.sqrt(half * half + 1);
      let g = (d[m] as number) - (d[l] as number) + (e[l] as number) / (half + (half < 0 ? -root : root));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * (e[i] as number);
        const b = c * (e[i] as number);
        const r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] = (d[i + 1] as number) - p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = (d[i + 1] as number) - p;
        const t = ((d[i] as number) - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
      }
      if (i >= l) continue; // split in the middle of the sweep
      d[l] = (d[l] as number) - p;
      e[l] = g;
      e[m] = 0;
    }
  }
}
