import type { ImageCounts } from './metric.js';

/** Images of published figures. */
export const PUBLISHED = 50_000;

/** Below this, precision, recall, density, coverage, Inception and Vendi scores move visibly with n. */
export const ENOUGH = 10_000;

/** The smaller of both sets: how many images, and in words whose they are; undefined where neither says. */
export function smallerSet({ n, nReference }: ImageCounts): { readonly n: number; readonly words: string } | undefined {
  const smaller = Math.min(n ?? Number.POSITIVE_INFINITY, nReference ?? Number.POSITIVE_INFINITY);
  if (smaller === Number.POSITIVE_INFINITY) return undefined;
  return { n: smaller, words: `${smaller}${smaller === n ? '' : ' real'} images` };
}
