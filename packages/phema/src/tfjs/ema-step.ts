import type { Params } from '@edm2/tensor-files/tfjs';
import type * as tf from '@tensorflow/tfjs-core';
import type { HalfLife } from '../half-life.js';
import { halfLifeEma } from './half-life-ema.js';
import { powerEma } from './power-ema.js';

/** Running averages by their relative length: `{ '0.05': …, '0.1': … }`. */
export type Tracks = Record<string, Params>;

/**
 * One update of all running averages: {@link powerEma}'s step for each. A pure function of tensors, made to sit inside a compiled
 * training step.
 *
 * @param tracks - the averages by `String(sigmaRel)`, each length in (0, 0.2887); every entry's name is in `params`.
 * @param params - the parameters after the step; entries that no track holds (buffers) are ignored.
 * @param t - training time after the step, > 0: a number, or a scalar tensor.
 * @param dt - training time since the last update, 0 < dt ≤ t: likewise. dt = t replaces the averages by `params`.
 * @returns new tensors in the structure of `tracks`; the arguments stay as they are.
 * @throws {RangeError} when a track's name is not a valid length, an entry is missing from `params` or of another shape,
 *   or t and dt are numbers outside their ranges.
 * @see Karras et al. 2024, eq. 127.
 */
export function emaStep(tracks: Tracks, params: Params, t: tf.Tensor | number, dt: tf.Tensor | number): Tracks {
  return Object.fromEntries(
    Object.entries(tracks).map(([sigmaRel, track]) => [
      sigmaRel,
      powerEma(Number(sigmaRel)).step(track, params, { t, dt }),
    ]),
  );
}

/**
 * One update of a traditional average: {@link halfLifeEma}'s step. Begin with the initial weights.
 *
 * @param ema - the average; every entry's name is in `params`.
 * @param params - the parameters after the step; further entries are ignored.
 * @param t - images seen after the step: a number, or a scalar tensor.
 * @param dt - images since the last update, likewise.
 * @returns new tensors in the structure of `ema`.
 * @throws {RangeError} when an option is out of range, or an entry is missing from `params` or of another shape.
 * @see Karras et al. 2024, C.2.
 */
export const halfLifeEmaStep = (
  ema: Params,
  params: Params,
  t: tf.Tensor | number,
  dt: tf.Tensor | number,
  options: HalfLife,
): Params => halfLifeEma(options).step(ema, params, { t, dt });
