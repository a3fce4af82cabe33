import { known } from '@edm2/options';
import type * as tf from '@tensorflow/tfjs-core';
import type { EmaTime } from '../averages.js';
import { assertHalfLife, halfLifeEmaShare } from '../half-life.js';
import type { HalfLifeEmaOptions } from '../half-life-tracker.js';
import { type HalfLifeEmaState, oneAverage } from '../one-average.js';
import type { Tree } from '../tree.js';
import { createTensorAverages } from './averages.js';
import { halfLifeEma } from './half-life-ema.js';

/**
 * A traditional, exponential average of one tree of tensors; owns its average until `dispose`.
 *
 * @typeParam T - type of that tree.
 */
export interface TensorHalfLifeEma<T extends Tree<tf.Tensor> = Tree<tf.Tensor>> {
  /**
   * Takes in the parameters at time `t`; the tree itself is neither kept nor disposed.
   *
   * @throws {RangeError} when dt is not in (0, t], or the tree differs from the first one in names or shapes.
   */
  update(tree: T, time: EmaTime): void;
  /** The average as new tensors, the caller's to dispose. @throws {RangeError} when there is none yet. */
  values(): T;
  /** The average as new tensors, the caller's to dispose. */
  state(): HalfLifeEmaState<T>;
  /** Replaces the average by a copy of a state's, which stays the caller's. */
  restore(state: HalfLifeEmaState<T>): void;
  /** Frees the average; the next update begins anew. */
  dispose(): void;
}

/**
 * The traditional tracker of `@edm2/phema` on tensors, on whatever backend they live, in float32.
 *
 * @param options - as there; `initial` stays the caller's.
 * @throws {RangeError} when a number is out of range.
 * @see Karras et al. 2024, C.2.
 */
export function createHalfLifeEma<T extends Tree<tf.Tensor> = Tree<tf.Tensor>>(
  options: HalfLifeEmaOptions<T>,
): TensorHalfLifeEma<T> {
  const {
    halfLife,
    rampup,
    initial,
    updateEvery = 1,
  } = known('createHalfLifeEma', options, { halfLife: true, rampup: true, initial: true, updateEvery: true });
  assertHalfLife('createHalfLifeEma', { halfLife, rampup });
  const averages = createTensorAverages<T>('createHalfLifeEma', {
    averages: [halfLifeEma({ halfLife, rampup })],
    check: (t, dt) => void halfLifeEmaShare({ halfLife, rampup }, t, dt),
    updateEvery,
  });
  return { ...oneAverage(averages, initial), dispose: averages.dispose };
}
