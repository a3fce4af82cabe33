import type { LinearAlgebra } from '../linear-algebra/linear-algebra.js';
import type { Matrix } from '../linear-algebra/multiply-transposed.js';
import type { CholeskyFactor } from '../linear-algebra/pivoted-cholesky.js';

/** A Fortran subroutine: everything by address. Text arguments' lengths follow at the end. */
type Subroutine = (...args: (string | number | ArrayBufferView)[]) => void;

/** What builds put around a routine's name, and the bytes of their integers. OpenBLAS in Python wheels has both prefix and suffix. */
const SPELLINGS = [
  { prefix: '', suffix: '_', bytes: 4 },
  { prefix: '', suffix: '_64_', bytes: 8 },
  { prefix: 'scipy_', suffix: '_64_', bytes: 8 },
  { prefix: 'scipy_', suffix: '_', bytes: 4 },
  { prefix: '', suffix: '64_', bytes: 8 },
  { prefix: '', suffix: '', bytes: 4 },
] as const;

/**
 * Opens a library and finds its routines under one of the usual spellings.
 *
 * @throws {Error} (rejects) when koffi is not installed, the library does not open, or a routine is missing.
 */
export async function bindLapack(file: string): Promise<LinearAlgebra> {
  const { koffi } = await import('@edm2/native/koffi');
  const library = koffi.load(file);
  const find = (name: string, texts: number, others: number): { routine: Subroutine; bytes: 4 | 8 } => {
    for (const { prefix, suffix, bytes } of SPELLINGS) {
      const types = ['const char *', 'void *', 'size_t'].flatMap((type, i) =>
        new Array<string>([texts, others, texts][i] ?? 0).fill(type),
      );
      try {
        return { routine: library.func(`${prefix}${name}${suffix}`, 'void', types), bytes };
      } catch {
        // The next spelling.
      }
    }
    throw new RangeError(`no routine ${name}`);
  };
  const dgemm = find('dgemm', 2, 11);
  const dpstrf = find('dpstrf', 1, 8);
  const twoStage = attempt(() => find('dsyevd_2stage', 2, 9));
  const dsyevd = twoStage ?? find('dsyevd', 2, 9);
  return {
    multiplyTransposed: (out, a, b) => multiplyTransposed(dgemm, out, a, b),
    pivotedCholesky: (a, dims) => pivotedCholesky(dpstrf, a, dims),
    symmetricEigenvalues: (a, n) => symmetricEigenvalues(dsyevd, a, n),
  };
}

interface Bound {
  readonly routine: Subroutine;
  readonly bytes: 4 | 8;
}

const attempt = <Result>(action: () => Result): Result | undefined => {
  try {
    return action();
  } catch {
    return undefined;
  }
};

const integers = (bytes: 4 | 8, values: readonly number[]): Int32Array | BigInt64Array =>
  bytes === 4 ? Int32Array.from(values) : BigInt64Array.from(values, BigInt);

const integer = (bytes: 4 | 8, value: number): Int32Array | BigInt64Array => integers(bytes, [value]);

/** Row-major `a·bᵀ` is column-major `b·aᵀ`, and a row-major matrix is its own transpose in column-major order. */
function multiplyTransposed({ routine, bytes }: Bound, out: Float64Array, a: Matrix, b: Matrix): void {
  const [m, n, k] = [integer(bytes, b.rows), integer(bytes, a.rows), integer(bytes, a.columns)];
  const one = Float64Array.of(1);
  routine('T', 'N', m, n, k, one, b.data, k, a.data, k, one, out, m, 1, 1);
}

function pivotedCholesky({ routine, bytes }: Bound, a: Float64Array, dims: number): CholeskyFactor {
  const factor = a.slice();
  let largest = 0;
  for (let i = 0; i < dims; i++) largest = Math.max(largest, a[i * dims + i] as number);
  const n = integer(bytes, dims);
  const pivots = integers(bytes, new Array<number>(dims).fill(0));
  const [rankCell, info] = [integer(bytes, 0), integer(bytes, 0)];
  const tolerance = Float64Array.of(Number.EPSILON * largest);
  // Column-major L is Lᵀ in rows: `upper`.
  if (largest > 0) routine('L', n, factor, n, pivots, rankCell, tolerance, new Float64Array(2 * dims), info, 1);
  if (Number(info[0]) < 0) throw new RangeError(`dpstrf: expected right arguments, got ${info[0]}. Report this.`);
  const rank = Number(rankCell[0]);
  const order = Int32Array.from({ length: dims }, (_, i) => (largest > 0 ? Number(pivots[i]) - 1 : i));
  const upper = factor.slice(0, rank * dims);
  for (let k = 0; k < rank; k++) upper.fill(0, k * dims, k * dims + k);
  let least = 0;
  for (let i = rank; i < dims; i++) {
    let rest = a[(order[i] as number) * (dims + 1)] as number;
    for (let k = 0; k < rank; k++) rest -= (upper[k * dims + i] as number) ** 2;
    least = Math.min(least, rest);
  }
  return { upper, rank, order, deficit: largest > 0 ? least / largest : least };
}

/** The lower triangle in rows is the upper one in columns. */
function symmetricEigenvalues({ routine, bytes }: Bound, a: Float64Array, n: number): Float64Array {
  const values = new Float64Array(n);
  if (n === 0) return values;
  const size = integer(bytes, n);
  const info = integer(bytes, 0);
  const call = (work: Float64Array, lengths: readonly [number, number], whole: Int32Array | BigInt64Array): void =>
    routine(
      ...['N', 'U', size, a, size, values, work, integer(bytes, lengths[0]), whole, integer(bytes, lengths[1]), info],
      ...[1, 1],
    );
  const [wanted, wholeWanted] = [new Float64Array(1), integer(bytes, 0)];
  call(wanted, [-1, -1], wholeWanted);
  const lengths = [Math.max(1, wanted[0] ?? 1), Math.max(1, Number(wholeWanted[0]))] as const;
  call(new Float64Array(lengths[0]), lengths, integers(bytes, new Array<number>(lengths[1]).fill(0)));
  if (Number(info[0]) !== 0) {
    throw new RangeError(`symmetricEigenvalues: expected convergence, got info ${info[0]}. Check for NaN.`);
  }
  return values;
}
