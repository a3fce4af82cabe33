import { known } from '@edm2/options';
import { createAverages, type EmaTime, type Values } from './averages.js';
import { assertHalfLife, HALF_LIFE, type HalfLife, halfLifeEmaShare } from './half-life.js';
import { type HalfLifeEmaState, oneAverage } from './one-average.js';
import type { Tree } from './tree.js';

/** What a traditional tracker keeps. */
export interface HalfLifeEmaOptions<T> extends HalfLife {
  /**
   * What the average begins as: the initial weights, as in the paper's config A. Copied. Left out, it begins as the parameters of the
   * first update.
   */
  readonly initial?: T | undefined;
  /** Take in the parameters at every k-th call of `update` only, with the time of all k. Default 1. */
  readonly updateEvery?: number;
}

/**
 * A traditional, exponential average of one tree of parameters.
 *
 * @typeParam T - type of that tree: `createHalfLifeEma<typeof weights>(…)` gives an average of weights' own type.
 */
export interface HalfLifeEma<T extends Tree<Values> = Tree<Values>> {
  /**
   * Takes in the parameters at time `t`: `ema ← ema + (1 − β)(θ − ema)`, 1 − β of `halfLifeEmaShare`.
   *
   * @throws {RangeError} when dt is not in (0, t], or the tree differs from the first one in names or lengths.
   */
  update(tree: T, time: EmaTime): void;
  /**
   * A copy of the average, in the array kinds of the tree that it began with: `initial`, or that of the first update.
   *
   * @throws {RangeError} when there is none yet.
   */
  values(): T;
  /** A copy of the average at full precision: what `restore` takes. */
  state(): HalfLifeEmaState<T>;
  /** Replaces the average by a copy of a state's. */
  restore(state: HalfLifeEmaState<T>): void;
}

/**
 * Tracks a traditional average of plain arrays in float64, `β = 2^(−dt/halfLife)`: beside or instead of `createPowerEma`, whose averages
 * alone can be combined to other lengths afterwards.
 *
 * @param options - `halfLife` in images, > 0; `rampup`: its cap as a share of the images seen; `initial`; `updateEvery`.
 * @throws {RangeError} when a number is out of range.
 * @see Karras et al. 2024, C.2 (the average of config A); ramp-up: Karras et al. 2022, public code.
 */
export function createHalfLifeEma<T extends Tree<Values> = Tree<Values>>(
  options: HalfLifeEmaOptions<T>,
): HalfLifeEma<T> {
  const {
    halfLife,
    rampup,
    initial,
    updateEvery = 1,
  } = known('createHalfLifeEma', options, { halfLife: true, rampup: true, initial: true, updateEvery: true });
  assertHalfLife('createHalfLifeEma', { halfLife, rampup });
  const share = (t: number, dt: number): number => halfLifeEmaShare({ halfLife, rampup }, t, dt);
  const averages = createAverages<T>('createHalfLifeEma', new Map([[HALF_LIFE, share]]), updateEvery);
  return oneAverage(averages, initial);
}
