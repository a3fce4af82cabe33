import { createCuts } from './cuts.js';
import { canonical, keyOf, type SweepPoint } from './point.js';

/** A direction in which settings can be moved by numbers. */
export interface Axis {
  /** Where a point lies; undefined where the axis plays no part in it. */
  of(point: SweepPoint): number | undefined;
  /** The point moved there, rounded to what the axis tells apart; undefined beyond its range. */
  at(point: SweepPoint, value: number): SweepPoint | undefined;
}

/** The axes, and what tells settings apart. */
export interface Axes {
  readonly axes: readonly Axis[];
  /** The same text for settings that draw the same images: intervals that hold the same noise levels do. */
  signature(point: SweepPoint): string;
}

/** Whether there can be an average of a length, of the main network or of the guiding one. */
export type Reaches = (name: 'sigmaRel' | 'guideSigmaRel', length: number) => boolean;

/** EMA lengths are told apart by three decimals in file names; √(1/12), where profiles end, is 0.2887. */
const LENGTH_DIGITS = 1e3;
const SHORTEST = 0.001;
const LONGEST = 0.285;
const WEIGHT_DIGITS = 1e3;

const rounded = (value: number, digits: number): number => Math.round(value * digits) / digits;

/**
 * The five axes: both EMA lengths, guidance weight, both ends of the interval.
 *
 * @param levels - noise levels of the sampler: intervals move in whole steps of them.
 * @param guided - a point with guidance, from which unguided ones take the rest when they are moved towards guidance.
 * @param reaches - tells lengths that there can be averages of; default all.
 */
export function createAxes(
  levels: Iterable<number>,
  guided: () => SweepPoint | undefined,
  reaches: Reaches = () => true,
): Axes {
  const cuts = createCuts(levels);
  const length = (name: 'sigmaRel' | 'guideSigmaRel'): Axis => ({
    of: (point) => canonical(point)[name],
    at(point, value) {
      const near = rounded(value, LENGTH_DIGITS);
      return near >= SHORTEST && near <= LONGEST && reaches(name, near) ? { ...point, [name]: near } : undefined;
    },
  });
  const end = (name: 'lo' | 'hi'): Axis => ({
    of: (point) => (point.weight === 1 ? undefined : cuts.of(point.interval)[name]),
    at(point, value) {
      const moved = { ...cuts.of(point.interval), [name]: Math.round(value) };
      if (moved.lo < 0 || moved.hi > cuts.levels || moved.lo >= moved.hi) return undefined;
      const before = cuts.of(point.interval)[name];
      return moved[name] === before ? point : { ...point, interval: cuts.interval(moved.lo, moved.hi) };
    },
  });
  const weight: Axis = {
    of: (point) => point.weight,
    at(point, value) {
      const near = rounded(value, WEIGHT_DIGITS);
      const away = point.weight === 1 ? guided() : point;
      if (near < 1 || (near > 1 && !away)) return undefined;
      return canonical({ ...away, sigmaRel: point.sigmaRel, weight: near });
    },
  };
  return {
    axes: [length('sigmaRel'), weight, length('guideSigmaRel'), end('hi'), end('lo')],
    signature(point) {
      const { lo, hi } = cuts.of(point.interval);
      return keyOf({ ...point, interval: [lo, hi] });
    },
  };
}
