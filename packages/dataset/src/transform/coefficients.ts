import type { Filter } from './filters.js';

/** Bits behind the point of a weight: with 8 bits of a pixel and 2 for overshoot, sums fit into 32. */
export const WEIGHT_BITS = 22;

/** Weights of all pixels of one axis. */
export interface Coefficients {
  /** Weights set aside for each new pixel. */
  readonly taps: number;
  /** First old pixel of each new one. */
  readonly starts: Int32Array;
  /** How many old pixels each new one takes. */
  readonly counts: Int32Array;
  /** `[new, taps]`, multiples of 2⁻²². */
  readonly weights: Int32Array;
}

/**
 * Weights of one axis, as Pillow defines them: around the centre `(i + ½)·before/after`, the filter stretched by `max(before/after, 1)`,
 * old pixels from `⌊c − s + ½⌋` to `⌊c + s + ½⌋`, cut at the edges, made to sum to one in float64, then rounded.
 *
 * @param before - old pixels.
 * @param after - new pixels.
 */
export function coefficients(before: number, after: number, { support, weight }: Filter): Coefficients {
  const scale = before / after;
  const stretch = Math.max(scale, 1);
  const reach = support * stretch;
  const taps = 2 * Math.ceil(reach) + 1;
  const starts = new Int32Array(after);
  const counts = new Int32Array(after);
  const weights = new Int32Array(after * taps);
  const exact = new Float64Array(taps);
  // Multiplied, not divided: the last bit decides at the edges of a box.
  const shrink = 1 / stretch;
  for (let i = 0; i < after; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - reach + 0.5));
    const count = Math.min(before, Math.trunc(centre + reach + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      exact[k] = weight((k + start - centre + 0.5) * shrink);
      sum += exact[k] as number;
    }
    for (let k = 0; k < count; k++) {
      const share = sum === 0 ? (exact[k] as number) : (exact[k] as number) / sum;
      weights[i * taps + k] = Math.trunc(share * 2 ** WEIGHT_BITS + (share < 0 ? -0.5 : 0.5));
    }
    starts[i] = start;
    counts[i] = count;
  }
  return { taps, starts, counts, weights };
}
