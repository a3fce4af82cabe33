/** Two times at one place of a curve. */
export interface Pair {
  readonly x: number;
  readonly a: number;
  readonly b: number;
}

/**
 * From where on b is faster than a: the last change of the faster one, linear between neighbours in ln(a / b) over ln x.
 *
 * @param pairs - ascending in x, positive.
 * @returns the place; `always` or `never` when b is faster, or is not, at every pair.
 * @throws {RangeError} when there is no pair.
 */
export function crossover(pairs: readonly Pair[]): number | 'always' | 'never' {
  const lead = ({ a, b }: Pair): number => Math.log(a / b); // positive where b is faster
  const last = pairs.at(-1);
  if (last === undefined) throw new RangeError('crossover: expected at least one pair, got none. Measure first.');
  if (lead(last) <= 0) return 'never';
  const behind = pairs.findLastIndex((pair) => lead(pair) <= 0);
  const [low, high] = [pairs[behind], pairs[behind + 1]];
  if (low === undefined || high === undefined) return 'always';
  const share = -lead(low) / (lead(high) - lead(low));
  return Math.exp(Math.log(low.x) + share * Math.log(high.x / low.x));
}
