/** What repeated timings of one thing say. */
export interface Summary {
  readonly median: number;
  readonly minimum: number;
  /** Half the distance between the quartiles, as a share of the median: how far to trust it. */
  readonly noise: number;
  readonly count: number;
}

/** The q-quantile, 0 ≤ q ≤ 1, of values in any order, linear between neighbours. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('quantile: expected at least one value, got none. Measure first.');
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** @throws {RangeError} when there is no value. */
export function summarize(values: readonly number[]): Summary {
  const median = quantile(values, 0.5);
  const spread = quantile(values, 0.75) - quantile(values, 0.25);
  return { median, minimum: Math.min(...values), noise: median > 0 ? spread / 2 / median : 0, count: values.length };
}
