import { closest, distance } from 'fastest-levenshtein';

/** `, did you mean x?` for the nearest of `known`, or nothing when none is near. */
export function suggest(given: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = closest(given, known as string[]);
  return distance(given, nearest) <= Math.max(2, given.length / 3) ? ` Did you mean ${nearest}?` : '';
}
