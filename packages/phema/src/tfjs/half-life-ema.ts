import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import { assertHalfLife, HALF_LIFE, type HalfLife, halfLifeEmaShare } from '../half-life.js';
import { type Average, type AverageTime, blend, copies } from './average.js';

/** Options of {@link halfLifeEma}. */
export interface HalfLifeAverageOptions extends HalfLife {
  /** Among a training's averages; one of one's own where there are several of this kind. Default `halflife`. */
  readonly name?: string;
}

/**
 * A traditional average, `ema + (1 − β)(θ − ema)` with `β = 2^(−dt/halfLife)`, which begins at the initial weights: the average of the
 * paper's config A. No other length can be made of it afterwards.
 *
 * @throws {RangeError} when a number is out of range.
 * @see Karras et al. 2024, C.2.
 */
export function halfLifeEma(options: HalfLifeAverageOptions): Average {
  const names = { halfLife: true, rampup: true, name: true } as const;
  const { halfLife, rampup, name = HALF_LIFE } = known('halfLifeEma', options, names);
  assertHalfLife('halfLifeEma', { halfLife, rampup });
  return {
    name,
    init: copies,
    step: (average, params, time) =>
      tf.tidy(() => blend('halfLifeEma', average, params, halfLifeShare({ halfLife, rampup }, time))),
  };
}

/** `1 − β`, a number when t and dt are numbers, else a scalar tensor. */
function halfLifeShare({ halfLife, rampup }: HalfLife, { t, dt }: AverageTime): tf.Tensor | number {
  if (typeof t === 'number' && typeof dt === 'number') return halfLifeEmaShare({ halfLife, rampup }, t, dt);
  const length = rampup === undefined ? halfLife : tf.minimum(tf.mul(t, rampup), halfLife);
  // 1 − 2^(−x) = 2h/(1 + h), h = tanh(x·ln2/2): no digits lost where x is small.
  const h = tf.tanh(tf.div(tf.mul(dt, Math.LN2 / 2), length));
  return tf.div(tf.mul(h, 2), tf.add(h, 1));
}
