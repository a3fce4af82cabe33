import { canonical, distinct, keyOf, product, type SweepAxes, type SweepPoint } from './point.js';

/** What a point scored; lower is better. */
export interface Measured {
  readonly point: SweepPoint;
  readonly score: number;
}

/** Measures points, or recalls what they scored. */
export type Measure = (points: readonly SweepPoint[]) => Promise<readonly Measured[]>;

/** How to look for the best point. */
export interface SearchOptions {
  /**
   * `grid`: all combinations of the values given. `lines`: one axis after the other through the best point so far, until no axis
   * improves: a sum instead of a product, which finds the optimum where the axes hardly depend on each other.
   */
  readonly search: 'grid' | 'lines';
  /** Rounds that halve the distance between the best point and its neighbours along each numeric axis. */
  readonly refine: number;
}

/** Passes over the axes beyond which a line search circles. */
const MAX_PASSES = 4;

/** EMA lengths are told apart by three decimals in file names. */
const LENGTH_DIGITS = 1e3;
const WEIGHT_DIGITS = 1e4;

/** Best of all measured so far. */
export const bestOf = (measured: readonly Measured[]): Measured => {
  const [first, ...rest] = measured;
  if (!first) throw new RangeError('bestOf: expected at least one point, got none. Give the sweep values.');
  return rest.reduce((a, b) => (b.score < a.score ? b : a), first);
};

/**
 * Coarse to fine: the given values first, then the neighbourhood of the best.
 *
 * @returns every point that was measured, in order.
 */
export async function searchBest(axes: SweepAxes, measure: Measure, options: SearchOptions): Promise<Measured[]> {
  const found = new Map<string, Measured>();
  const look = async (points: readonly SweepPoint[]): Promise<void> => {
    const fresh = distinct(points).filter((point) => !found.has(keyOf(point)));
    if (fresh.length > 0) for (const each of await measure(fresh)) found.set(keyOf(each.point), each);
  };
  const best = () => bestOf([...found.values()]);

  if (options.search === 'grid') await look(product(axes));
  else await lineSearch(axes, look, best);
  for (let round = 0; round < options.refine; round++) {
    const before = found.size;
    await look(
      neighbours(
        best().point,
        [...found.values()].map(({ point }) => point),
      ),
    );
    if (found.size === before) break;
  }
  return [...found.values()];
}

async function lineSearch(
  axes: SweepAxes,
  look: (points: readonly SweepPoint[]) => Promise<void>,
  best: () => Measured,
): Promise<void> {
  const middle = <T>(values: readonly T[]): T => values[(values.length - 1) >> 1] as T;
  // A line along an axis of guidance says nothing from a point without guidance.
  const weight = middle(axes.weights.filter((w) => w !== 1)) ?? 1;
  const start: SweepPoint = {
    sigmaRel: middle(axes.sigmaRels),
    guideSigmaRel: middle(axes.guideSigmaRels),
    weight,
    interval: middle(axes.intervals),
  };
  await look([start]);
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const before = keyOf(best().point);
    for (const axis of ['sigmaRel', 'weight', 'guideSigmaRel', 'interval'] as const) {
      const at = { ...start, ...best().point };
      await look(lineOf(axes, at, axis));
    }
    if (keyOf(best().point) === before) break;
  }
}

function lineOf(axes: SweepAxes, at: SweepPoint, axis: keyof SweepPoint): SweepPoint[] {
  if (axis === 'sigmaRel') return axes.sigmaRels.map((sigmaRel) => ({ ...at, sigmaRel }));
  if (axis === 'weight') return axes.weights.map((weight) => ({ ...at, weight }));
  if (axis === 'guideSigmaRel') return axes.guideSigmaRels.map((guideSigmaRel) => ({ ...at, guideSigmaRel }));
  return axes.intervals.map((interval) => ({ ...at, interval }));
}

/** Half-way points between a point and the nearest values measured on either side, along each numeric axis. */
export function neighbours(at: SweepPoint, measured: readonly SweepPoint[]): SweepPoint[] {
  const point = canonical(at);
  const along = (axis: 'sigmaRel' | 'guideSigmaRel' | 'weight', digits: number): SweepPoint[] => {
    const value = point[axis];
    if (value === undefined) return [];
    const values = measured.map((other) => other[axis]).filter((other) => other !== undefined);
    const below = Math.max(...values.filter((other) => other < value));
    const above = Math.min(...values.filter((other) => other > value));
    return [below, above]
      .filter(Number.isFinite)
      .map((other) => Math.round(((other + value) / 2) * digits) / digits)
      .filter((half) => half !== value && !values.includes(half))
      .map((half) => ({ ...point, [axis]: half }));
  };
  const weights = point.weight === 1 ? towardsGuidance(point, measured) : along('weight', WEIGHT_DIGITS);
  return distinct([...along('sigmaRel', LENGTH_DIGITS), ...along('guideSigmaRel', LENGTH_DIGITS), ...weights]);
}

/** From a point without guidance, half of the weakest guidance measured. */
function towardsGuidance(point: SweepPoint, measured: readonly SweepPoint[]): SweepPoint[] {
  const [weakest] = measured.filter(({ weight }) => weight > 1).sort((a, b) => a.weight - b.weight);
  if (!weakest) return [];
  const weight = Math.round(((1 + weakest.weight) / 2) * WEIGHT_DIGITS) / WEIGHT_DIGITS;
  return [{ ...weakest, sigmaRel: point.sigmaRel, weight }];
}
