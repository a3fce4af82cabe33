import { closest, distance } from 'fastest-levenshtein';

/** The name that was probably meant, or undefined when none is near. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const candidate = closest(given, known);
  return distance(given, candidate) <= Math.max(2, Math.floor(given.length / 3)) ? candidate : undefined;
}
