import * as tf from '@tensorflow/tfjs-core';
import { powerEmaShare, sigmaRelToGamma } from '../profile.js';

/** Named tensors: a network's parameters, or one running average of them. */
export type Params = Record<string, tf.Tensor>;

/** Running averages by their relative length: `{ '0.05': …, '0.1': … }`. */
export type Tracks = Record<string, Params>;

/**
 * One update of all running averages, `ema + (1 − β)(θ − ema)` with `β = ((t − dt) / t)^(γ + 1)`: a pure function of
 * tensors, made to sit inside a compiled training step.
 *
 * With tensors, β itself is never formed: late in training it rounds to 1 in float32. Instead
 * `1 − β = 2h / (1 + h)`, `h = tanh((γ + 1)·atanh(dt / (2t − dt)))`, good to a few ulp for any t, dt.
 *
 * @param tracks - the averages by `String(sigmaRel)`, each length in (0, 0.2887); every entry's name is in `params`.
 * @param params - the parameters after the step; entries that no track holds (buffers) are ignored.
 * @param t - training time after the step, > 0: a number, or a scalar tensor.
 * @param dt - training time since the last update, 0 < dt ≤ t: likewise. dt = t replaces the averages by `params`.
 * @returns new tensors in the structure of `tracks`; the arguments stay as they are.
 * @throws {RangeError} when a track's name is no valid length, an entry is missing from `params` or of another shape,
 *   or t and dt are numbers outside their ranges.
 * @see Karras et al. 2024, eq. 127.
 */
export function emaStep(
  tracks: Tracks,
  params: Params,
  t: tf.Scalar | tf.Tensor | number,
  dt: tf.Scalar | tf.Tensor | number,
): Tracks {
  return tf.tidy(() =>
    Object.fromEntries(
      Object.entries(tracks).map(([sigmaRel, track]) => {
        const share = emaShare(sigmaRelToGamma(Number(sigmaRel)), t, dt);
        return [sigmaRel, blend(track, params, share)];
      }),
    ),
  );
}

/** `1 − β` as a number when t and dt are numbers, else as a scalar tensor. */
function emaShare(gamma: number, t: tf.Tensor | number, dt: tf.Tensor | number): tf.Tensor | number {
  if (typeof t === 'number' && typeof dt === 'number') return powerEmaShare(gamma, t, dt);
  const ratio = tf.div(dt, tf.sub(tf.mul(t, 2), dt));
  const h = tf.tanh(tf.mul(tf.atanh(ratio), gamma + 1));
  return tf.div(tf.mul(h, 2), tf.add(h, 1));
}

const lerp = (ema: tf.Tensor, incoming: tf.Tensor, share: tf.Tensor | number): tf.Tensor =>
  tf.add(ema, tf.mul(tf.sub(incoming, ema), share));

/** Every entry of an average moved by `share` of the way to the new parameters. */
export const blend = (track: Params, params: Params, share: tf.Tensor | number): Params =>
  Object.fromEntries(Object.entries(track).map(([name, ema]) => [name, lerp(ema, entry(params, name, ema), share)]));

function entry(params: Params, name: string, ema: tf.Tensor): tf.Tensor {
  const value = params[name];
  if (!value)
    throw new RangeError(
      `emaStep: expected params to hold every averaged tensor, got no ${name}. Begin the tracks with entries of params.`,
    );
  if (!tf.util.arraysEqual(value.shape, ema.shape))
    throw new RangeError(
      `emaStep: expected ${name} of shape [${ema.shape}], got [${value.shape}]. The averages belong to another network.`,
    );
  return value;
}
