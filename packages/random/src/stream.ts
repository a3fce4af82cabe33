import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { boxMuller } from './box-muller.js';
import { checkCount } from './check-count.js';

/**
 * A sequential generator of numbers. Each call continues where the last one stopped, so how the draws are cut into calls
 * does not matter: `normal(2)` then `normal(2)` gives the four numbers of `normal(4)`.
 */
export interface RandomStream {
  /**
   * Standard normal values (Box-Muller in float64, rounded to float32; |value| ≤ 8.57).
   *
   * Values are made in pairs: after an odd count the second of the pair waits for the next call of `normal`, whatever else is drawn between.
   *
   * @param n - count, 0 ≤ n < 2³¹.
   * @returns `[n]` float32.
   * @throws {RangeError} when n is not such a count.
   */
  normal(n: number): Float32Array<ArrayBuffer>;
  /**
   * Uniform values in [0, 1): multiples of 2⁻²⁴, all equally likely.
   *
   * @param n - count, 0 ≤ n < 2³¹.
   * @returns `[n]` float32.
   * @throws {RangeError} when n is not such a count.
   */
  uniform(n: number): Float32Array<ArrayBuffer>;
  /**
   * Unbiased integers in [0, bound).
   *
   * @param n - count, 0 ≤ n < 2³¹.
   * @param bound - 1 ≤ bound < 2³¹.
   * @returns `[n]` int32.
   * @throws {RangeError} when n or bound is out of range.
   */
  integers(n: number, bound: number): Int32Array<ArrayBuffer>;
  /**
   * The numbers 0 … n−1 in an order of which all n! are equally likely (Fisher-Yates).
   *
   * @param n - count, 0 ≤ n < 2³¹.
   * @returns `[n]` int32.
   * @throws {RangeError} when n is not such a count.
   */
  permutation(n: number): Int32Array<ArrayBuffer>;
}

/** Starts a stream at a 128-bit state, not all zero. */
export function createStream(state: readonly [number, number, number, number]): RandomStream {
  const generator = xoroshiro128plusFromState(state);
  const word = (): number => generator.next() >>> 0;

  const pair = new Float64Array(2);
  let spare = Number.NaN; // the second of a pair, NaN when there is none

  const below = (bound: number): number => {
    // The quotient takes the upper bits, the better ones of xoroshiro128+; words past the last whole share are drawn again.
    const share = Math.floor(0x100000000 / bound);
    let x = word();
    while (x >= share * bound) x = word();
    return Math.floor(x / share);
  };

  return {
    normal(n) {
      checkCount('normal', 'n', n, 0);
      const out = new Float32Array(n);
      let i = 0;
      if (n > 0 && !Number.isNaN(spare)) {
        out[i++] = spare;
        spare = Number.NaN;
      }
      while (i < n) {
        boxMuller(word(), word(), word(), pair);
        out[i++] = pair[0] as number;
        if (i < n) out[i++] = pair[1] as number;
        else spare = pair[1] as number;
      }
      return out;
    },
    uniform(n) {
      checkCount('uniform', 'n', n, 0);
      const out = new Float32Array(n);
      for (let i = 0; i < n; i++) out[i] = (word() >>> 8) * 2 ** -24;
      return out;
    },
    integers(n, bound) {
      checkCount('integers', 'n', n, 0);
      checkCount('integers', 'bound', bound, 1);
      const out = new Int32Array(n);
      for (let i = 0; i < n; i++) out[i] = below(bound);
      return out;
    },
    permutation(n) {
      checkCount('permutation', 'n', n, 0);
      const out = new Int32Array(n);
      for (let i = 0; i < n; i++) {
        const j = below(i + 1);
        out[i] = out[j] as number;
        out[j] = i;
      }
      return out;
    },
  };
}
