import { type LinearAlgebra, TYPED_ARRAYS } from '../linear-algebra/linear-algebra.js';

/** Size of the problems: no multiple of any block, larger than small-matrix shortcuts. */
const SIZE = 97;

/** Largest residual relative to the largest entry; a right library stays below 1e-14. */
const TOLERANCE = 1e-12;

/**
 * Computes small problems whose answers are known: products, a factor of a singular matrix, eigenvalues.
 *
 * @throws {RangeError} when a residual is too large: wrong widths of integers, another calling convention, a broken build.
 */
export function verifyLinearAlgebra(candidate: LinearAlgebra): void {
  const rank = SIZE - 10;
  const factor = {
    data: Float64Array.from({ length: SIZE * rank }, (_, i) => Math.sin(i * i + 1)),
    rows: SIZE,
    columns: rank,
  };
  const expected = new Float64Array(SIZE * SIZE);
  TYPED_ARRAYS.multiplyTransposed(expected, factor, factor);
  const product = new Float64Array(SIZE * SIZE);
  candidate.multiplyTransposed(product, factor, factor);
  expectClose('a product', product, expected);

  const { upper, order, rank: found } = candidate.pivotedCholesky(expected.slice(), SIZE);
  const rebuilt = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j < SIZE; j++) {
      let sum = 0;
      for (let k = 0; k < found; k++) sum += (upper[k * SIZE + i] as number) * (upper[k * SIZE + j] as number);
      rebuilt[(order[i] as number) * SIZE + (order[j] as number)] = sum;
    }
  }
  expectClose('a factor', rebuilt, expected);
  const sorted = (linearAlgebra: LinearAlgebra): Float64Array =>
    linearAlgebra.symmetricEigenvalues(expected.slice(), SIZE).sort();
  expectClose('eigenvalues', sorted(candidate), sorted(TYPED_ARRAYS));
}

function expectClose(what: string, actual: Float64Array, expected: Float64Array): void {
  let largest = 0;
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i] as number));
    error = Math.max(error, Math.abs((actual[i] ?? Number.NaN) - (expected[i] as number)));
  }
  // NaN fails too.
  if (!(error <= TOLERANCE * largest)) throw new RangeError(`${what} off by ${error / largest} of the largest value`);
}
