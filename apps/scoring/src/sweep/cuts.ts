import type { Interval } from './point.js';

/**
 * Ends of guidance intervals, counted in noise levels of the sampler: it evaluates at these levels only, so what lies between two of
 * them makes no difference, and an interval is searched in whole steps of the schedule.
 */
export interface Cuts {
  /** Levels that are guided run from cut `lo` to cut `hi`, `0 ≤ lo < hi ≤ levels`; no interval is all of them. */
  of(interval: Interval | undefined): { readonly lo: number; readonly hi: number };
  /** The other way; undefined for all levels. Ends lie half-way between two levels, rounded as far as that allows. */
  interval(lo: number, hi: number): Interval | undefined;
  readonly levels: number;
}

/** @param levels - noise levels of the sampler, in any order; a final 0 is left out. */
export function createCuts(levels: Iterable<number>): Cuts {
  const ascending = [...levels].filter((sigma) => sigma > 0).sort((a, b) => a - b);
  const count = (end: number): number => ascending.filter((sigma) => sigma <= end).length;
  const endOf = (cut: number): number => {
    const [below, above] = [ascending[cut - 1], ascending[cut]];
    if (below === undefined) return 0;
    if (above === undefined) return Number.POSITIVE_INFINITY;
    const middle = Math.sqrt(below * above);
    const rounded = [2, 3, 4].map((digits) => Number(middle.toPrecision(digits)));
    return rounded.find((value) => count(value) === cut) ?? middle;
  };
  return {
    of: (interval) => (interval ? { lo: count(interval[0]), hi: count(interval[1]) } : { lo: 0, hi: ascending.length }),
    interval: (lo, hi) => (lo === 0 && hi === ascending.length ? undefined : [endOf(lo), endOf(hi)]),
    levels: ascending.length,
  };
}
