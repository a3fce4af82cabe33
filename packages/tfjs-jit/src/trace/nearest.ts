import { distance } from 'fastest-levenshtein';

/** The `count` names most like `name`, case apart. */
export function nearest(name: string, names: readonly string[], count: number): string[] {
  const wanted = name.toLowerCase();
  return names
    .map((other) => ({ other, away: distance(wanted, other.toLowerCase()) }))
    .sort((a, b) => a.away - b.away || (a.other < b.other ? -1 : 1))
    .slice(0, count)
    .map(({ other }) => other);
}
