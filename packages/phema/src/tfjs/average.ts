import type { Params } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';

/** Where training stands when an average takes in the parameters: numbers, or scalar tensors that a compiled step is given. */
export interface AverageTime {
  /** Images seen after the step, > 0. */
  readonly t: tf.Tensor | number;
  /** Images since the last update, 0 < dt ≤ t. */
  readonly dt: tf.Tensor | number;
}

/**
 * A running average as two pure functions of named tensors, made to sit inside a compiled training step. Any object of this form is one:
 * `powerEma` and `halfLifeEma` are the paper's.
 */
export interface Average {
  /** What it is called in a training's state and in its file; no two of a training have the same, and none has a slash. */
  readonly name: string;
  /** The average before the first step: new tensors, each with memory of its own. */
  init(params: Params): Params;
  /**
   * Takes in the parameters after a step.
   *
   * @param average - what the last call returned, or `init`.
   * @param params - every entry of the average by name; further entries are ignored.
   * @returns new tensors in the structure of `average`; the arguments stay as they are.
   */
  step(average: Params, params: Params, time: AverageTime): Params;
}

/** A copy with memory of its own, which tf.clone does not make. */
export const copies = (params: Params): Params =>
  Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name, tf.mul(tensor, 1)]));

/** Every entry of an average moved by `share` of the way to the new parameters. */
export const blend = (fn: string, average: Params, params: Params, share: tf.Tensor | number): Params =>
  Object.fromEntries(
    Object.entries(average).map(([name, ema]) => [
      name,
      tf.add(ema, tf.mul(tf.sub(entry(fn, params, name, ema), ema), share)),
    ]),
  );

function entry(fn: string, params: Params, name: string, ema: tf.Tensor): tf.Tensor {
  const value = params[name];
  if (!value)
    throw new RangeError(
      `${fn}: expected params to hold every averaged tensor, got no ${name}. Begin the average with entries of params.`,
    );
  if (!tf.util.arraysEqual(value.shape, ema.shape))
    throw new RangeError(
      `${fn}: expected ${name} of shape [${ema.shape}], got [${value.shape}]. The average belongs to another network.`,
    );
  return value;
}
