import * as tf from '@tensorflow/tfjs-core';
import { powerEmaShare, sigmaRelToGamma } from '../profile.js';
import { type Average, type AverageTime, blend, copies } from './average.js';

/**
 * A power-function average, `ema + (1 − β)(θ − ema)` with `β = ((t − dt) / t)^(γ + 1)`: any other length can be made of two of them
 * afterwards.
 *
 * @param sigmaRel - relative length, in (0, 0.2887); also the name, as `String(sigmaRel)`.
 * @throws {RangeError} when the length is out of range; its `step` when t and dt are numbers that do not fit.
 * @see Karras et al. 2024, eq. 127.
 */
export function powerEma(sigmaRel: number): Average {
  const gamma = sigmaRelToGamma(sigmaRel);
  return {
    name: String(sigmaRel),
    // Any values: the first update has dt = t and replaces them.
    init: copies,
    step: (average, params, time) => tf.tidy(() => blend('emaStep', average, params, powerShare(gamma, time))),
  };
}

/**
 * `1 − β`, a number when t and dt are numbers, else a scalar tensor.
 *
 * With tensors, β itself is never formed: late in training it rounds to 1 in float32. Instead
 * `1 − β = 2h / (1 + h)`, `h = tanh((γ + 1)·atanh(dt / (2t − dt)))`, good to a few ulp for any t, dt.
 */
function powerShare(gamma: number, { t, dt }: AverageTime): tf.Tensor | number {
  if (typeof t === 'number' && typeof dt === 'number') return powerEmaShare(gamma, t, dt);
  const ratio = tf.div(dt, tf.sub(tf.mul(t, 2), dt));
  const h = tf.tanh(tf.mul(tf.atanh(ratio), gamma + 1));
  return tf.div(tf.mul(h, 2), tf.add(h, 1));
}
