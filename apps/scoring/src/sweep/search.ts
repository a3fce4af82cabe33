import { createAxes, type Reaches } from './axes.js';
import { distinct, keyOf, product, type SweepAxes, type SweepPoint } from './point.js';
import { type Measured, refine } from './refine.js';

/** Measures points, or recalls what they scored. */
export type Measure = (points: readonly SweepPoint[]) => Promise<readonly Measured[]>;

/** How to look for the best point. */
export interface SearchOptions {
  /**
   * `grid`: all combinations of the values given. `lines`: one axis after the other through the best point so far, until no axis
   * improves: a sum instead of a product, which finds the optimum where the axes hardly depend on each other.
   */
  readonly search: 'grid' | 'lines';
  /** Rounds that halve the steps around the best point, along every axis with more than one value. */
  readonly refine: number;
  /** Noise levels of the sampler: guidance intervals are refined in whole steps of them. */
  readonly levels: readonly number[];
  /** Lengths that there can be averages of; default all. */
  readonly reaches?: Reaches;
}

/** Passes over the axes beyond which a line search circles. */
const MAX_PASSES = 4;

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
  const all = () => [...found.values()];
  const best = () => bestOf(all());

  if (options.search === 'grid') await look(product(axes));
  else await lineSearch(axes, look, best);
  const guided = (): SweepPoint | undefined => {
    const with_ = all().filter(({ point }) => point.weight !== 1);
    return with_.length > 0 ? bestOf(with_).point : undefined;
  };
  await refine(createAxes(options.levels, guided, options.reaches), { all, best, look }, options.refine);
  return all();
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
