import * as tf from '@tensorflow/tfjs-core';
import { assertHalfLife, type HalfLife, halfLifeEmaShare } from '../half-life.js';
import { blend, type Params } from './ema-step.js';

/**
 * One update of a traditional average, `ema + (1 − β)(θ − ema)` with `β = 2^(−dt/halfLife)`: a pure function of tensors, made to sit
 * inside a compiled training step. Begin with the initial weights.
 *
 * @param ema - the average; every entry's name is in `params`.
 * @param params - the parameters after the step; further entries are ignored.
 * @param t - images seen after the step: a number, or a scalar tensor.
 * @param dt - images since the last update, likewise.
 * @returns new tensors in the structure of `ema`.
 * @throws {RangeError} when an option is out of range, or an entry is missing from `params` or of another shape.
 * @see Karras et al. 2024, C.2.
 */
export function halfLifeEmaStep(
  ema: Params,
  params: Params,
  t: tf.Tensor | number,
  dt: tf.Tensor | number,
  { halfLife, rampup }: HalfLife,
): Params {
  assertHalfLife('halfLifeEmaStep', { halfLife, rampup });
  return tf.tidy(() => {
    if (typeof t === 'number' && typeof dt === 'number')
      return blend(ema, params, halfLifeEmaShare({ halfLife, rampup }, t, dt));
    const length = rampup === undefined ? halfLife : tf.minimum(tf.mul(t, rampup), halfLife);
    // 1 − 2^(−x) = 2h/(1 + h), h = tanh(x·ln2/2): no digits lost where x is small.
    const h = tf.tanh(tf.div(tf.mul(dt, Math.LN2 / 2), length));
    return blend(ema, params, tf.div(tf.mul(h, 2), tf.add(h, 1)));
  });
}
