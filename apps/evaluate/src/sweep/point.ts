import type { Interval } from '../options/parse.js';

/** One setting of a sweep. Without guidance (weight 1) the guiding network and the interval play no part, and are left out. */
export interface SweepPoint {
  /** EMA length of the main network. */
  readonly sigmaRel: number;
  /** EMA length of the guiding network. */
  readonly guideSigmaRel?: number | undefined;
  /** Guidance weight; 1: none. */
  readonly weight: number;
  /** Noise levels that are guided; undefined: all. */
  readonly interval?: Interval | undefined;
}

/** The values that a sweep starts from. */
export interface SweepAxes {
  readonly sigmaRels: readonly number[];
  /** undefined stands for a guiding network that is no average of a run, or for none. */
  readonly guideSigmaRels: readonly (number | undefined)[];
  readonly weights: readonly number[];
  readonly intervals: readonly (Interval | undefined)[];
}

/** A point without what plays no part in it. */
export function canonical({ sigmaRel, guideSigmaRel, weight, interval }: SweepPoint): SweepPoint {
  if (weight === 1) return { sigmaRel, weight };
  return {
    sigmaRel,
    ...(guideSigmaRel === undefined ? {} : { guideSigmaRel }),
    weight,
    ...(interval ? { interval } : {}),
  };
}

/** The same text for the same setting. */
export const keyOf = (point: SweepPoint): string => {
  const { sigmaRel, guideSigmaRel = '-', weight, interval } = canonical(point);
  return [sigmaRel, guideSigmaRel, weight, interval?.join('-') ?? 'all'].join('|');
};

/** `σ in (0.19, 1.61]`, `σ ≤ 1.61`, `σ > 0.19` */
export function describeInterval([lo, hi]: Interval): string {
  if (hi === Number.POSITIVE_INFINITY) return `σ > ${lo}`;
  return lo === 0 ? `σ ≤ ${hi}` : `σ in (${lo}, ${hi}]`;
}

/** `σ_rel 0.1, w 1.5, guide σ_rel 0.2, σ in (0.19, 1.61]` */
export function describe(point: SweepPoint): string {
  const { sigmaRel, guideSigmaRel, weight, interval } = canonical(point);
  return [
    `σ_rel ${sigmaRel}`,
    weight === 1 ? 'not guided' : `w ${weight}`,
    ...(guideSigmaRel === undefined ? [] : [`guide σ_rel ${guideSigmaRel}`]),
    ...(interval ? [describeInterval(interval)] : []),
  ].join(', ');
}

/** Points without repeats, in the order given. */
export function distinct(points: readonly SweepPoint[]): SweepPoint[] {
  return [...new Map(points.map((point) => [keyOf(point), canonical(point)])).values()];
}

/** All combinations; neighbours share as many networks as they can. */
export const product = ({ sigmaRels, guideSigmaRels, weights, intervals }: SweepAxes): SweepPoint[] =>
  distinct(
    sigmaRels.flatMap((sigmaRel) =>
      guideSigmaRels.flatMap((guideSigmaRel) =>
        weights.flatMap((weight) => intervals.map((interval) => ({ sigmaRel, guideSigmaRel, weight, interval }))),
      ),
    ),
  );
