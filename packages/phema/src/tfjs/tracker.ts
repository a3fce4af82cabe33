import { known } from '@edm2/options';
import type * as tf from '@tensorflow/tfjs-core';
import type { EmaTime } from '../averages.js';
import { powerEmaShare } from '../profile.js';
import { assertSameTracks, gammasOf, type PowerEmaOptions, type PowerEmaState, trackKey } from '../tracker.js';
import type { Tree } from '../tree.js';
import { createTensorAverages } from './averages.js';
import { powerEma } from './power-ema.js';

/**
 * Running power-function averages of one tree of tensors; owns its averages until `dispose`.
 *
 * @typeParam T - type of that tree: `createPowerEma<typeof params>()` gives averages of params' own type.
 */
export interface TensorPowerEma<T extends Tree<tf.Tensor> = Tree<tf.Tensor>> {
  /**
   * Takes in the parameters at time `t`; the tree itself is neither kept nor disposed. The first update sets every
   * average to the parameters.
   *
   * @throws {RangeError} when dt is not in (0, t], or the tree differs from the first one in names or shapes.
   */
  update(tree: T, time: EmaTime): void;
  /** One average as new tensors, the caller's to dispose. @throws {RangeError} when untracked, or before an update. */
  values(sigmaRel: number): T;
  /** All averages as new tensors, the caller's to dispose. */
  state(): PowerEmaState<T>;
  /** Replaces all averages by copies of a state's, which stays the caller's. */
  restore(state: PowerEmaState<T>): void;
  /** Frees the averages; the next update begins anew. */
  dispose(): void;
}

/**
 * The tracker of `@edm2/phema` on tensors, on whatever backend they live: float32, one tensor per parameter and length.
 *
 * @param options - `sigmaRels`: relative lengths in (0, 0.2887), default [0.05, 0.10].
 * @throws {RangeError} when a length is out of range or given twice.
 * @see Karras et al. 2024, eq. 127.
 */
export function createPowerEma<T extends Tree<tf.Tensor> = Tree<tf.Tensor>>(
  options: PowerEmaOptions = {},
): TensorPowerEma<T> {
  const { sigmaRels = [0.05, 0.1], updateEvery = 1 } = known('createPowerEma', options, {
    sigmaRels: true,
    updateEvery: true,
  });
  const gammas = gammasOf('createPowerEma', sigmaRels);
  const averages = createTensorAverages<T>('createPowerEma', {
    averages: sigmaRels.map(powerEma),
    check(t, dt) {
      for (const gamma of gammas.values()) powerEmaShare(gamma, t, dt);
    },
    updateEvery,
  });
  return {
    ...averages,
    values: (sigmaRel) => averages.values(trackKey('createPowerEma.values', gammas, sigmaRel)),
    restore(state) {
      assertSameTracks('createPowerEma.restore', gammas, state);
      averages.restore(state);
    },
  };
}
