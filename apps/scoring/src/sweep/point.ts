/** Noise levels (lo, hi]. */
export type Interval = readonly [lo: number, hi: number];

/** Tensors of the main network with an EMA length of their own. */
export interface TensorLength {
  /** Patterns of their names, `*` for anything; several are set apart by commas. */
  readonly tensors: string;
  readonly sigmaRel: number;
}

/** One setting of a sweep. Without guidance (weight 1) the guiding network and the interval play no part, and are left out. */
export interface SweepPoint {
  /** EMA length of the main network. */
  readonly sigmaRel: number;
  /** The tensors whose length is another one; absent where all have the same. */
  readonly own?: TensorLength | undefined;
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
export function canonical({ sigmaRel, own, guideSigmaRel, weight, interval }: SweepPoint): SweepPoint {
  const main = { sigmaRel, ...(own && own.sigmaRel !== sigmaRel ? { own } : {}) };
  if (weight === 1) return { ...main, weight };
  return {
    ...main,
    ...(guideSigmaRel === undefined ? {} : { guideSigmaRel }),
    weight,
    ...(interval ? { interval } : {}),
  };
}

/** The same text for the same setting. */
export const keyOf = (point: SweepPoint): string => {
  const { sigmaRel, own, guideSigmaRel = '-', weight, interval } = canonical(point);
  const parts = [sigmaRel, guideSigmaRel, weight, interval?.join('-') ?? 'all'];
  return [...parts, ...(own ? [`${own.tensors}=${own.sigmaRel}`] : [])].join('|');
};

/** `σ in (0.19, 1.61]`, `σ ≤ 1.61`, `σ > 0.19` */
function describeInterval([lo, hi]: Interval): string {
  if (hi === Number.POSITIVE_INFINITY) return `σ > ${lo}`;
  return lo === 0 ? `σ ≤ ${hi}` : `σ in (${lo}, ${hi}]`;
}

/** `σ_rel 0.1, *.emb_* 0.05, w 1.5, guide σ_rel 0.2, σ in (0.19, 1.61]` */
export function describe(point: SweepPoint): string {
  const { sigmaRel, own, guideSigmaRel, weight, interval } = canonical(point);
  return [
    `σ_rel ${sigmaRel}`,
    ...(own ? [`${own.tensors} ${own.sigmaRel}`] : []),
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
