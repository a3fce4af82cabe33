import * as tf from '@tensorflow/tfjs-core';
import { doublingConv } from '../doubling-conv.js';
import { silu } from '../group-norm.js';
import type { Params } from '../network.js';
import type { DecoderStage } from './plan.js';

/** A pure function of tensors: what `jit` compiles. */
export type StripFunction = (inputs: tf.Tensor[]) => tf.Tensor[];

/** What a group norm does to each channel, `[C]` each: `(x − mean)·scale + shift`. */
type Norm = readonly [mean: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor];

/**
 * A stage's function of one strip of rows, weights as constants. Inputs, in this order: the strip with a row more above and below,
 * `[1, rows + 2, W, C]`; a mask `[1, rows + 2, 1, 1]`, 0 for rows outside the image, where convolutions see zeros; after a norm its
 * mean, scale and shift; for `join` the strip of x, `[1, rows, W, C]`. Results: the strip, and means and variances of its channels.
 */
export function stripFunction(stage: Exclude<DecoderStage, { op: 'attend' }>, params: Params): StripFunction {
  const weight = (name: string) => params[`${name}.weight`] as tf.Tensor4D;
  const bias = (name: string) => params[`${name}.bias`] as tf.Tensor1D;
  /** 1×1. */
  const pointwise = (name: string, x: tf.Tensor4D) => tf.add(tf.conv2d(x, weight(name), 1, 'same'), bias(name));
  /** 3×3, without the rows at the ends. */
  const inner = (name: string, x: tf.Tensor4D) =>
    tf.add<tf.Tensor4D>(
      tf.conv2d(x, weight(name), 1, [
        [0, 0],
        [0, 0],
        [1, 1],
        [0, 0],
      ]),
      bias(name),
    );
  const activated = (x: tf.Tensor4D, mask: tf.Tensor, [mean, scale, shift]: Norm) =>
    tf.mul<tf.Tensor4D>(silu(tf.add(tf.mul(tf.sub(x, mean), scale), shift)), mask);
  const compute = ([x, mask, ...rest]: tf.Tensor[]): tf.Tensor4D => {
    const strip = x as tf.Tensor4D;
    const inside = mask as tf.Tensor;
    const norm = rest as unknown as Norm;
    switch (stage.op) {
      case 'enter':
        return inner(stage.conv, tf.mul(stage.quant ? pointwise(stage.quant, strip) : strip, inside));
      case 'branch':
      case 'leave':
        return inner(stage.conv, activated(strip, inside, norm));
      case 'join': {
        const main = rest[3] as tf.Tensor4D;
        return tf.add(
          stage.shortcut ? pointwise(stage.shortcut, main) : main,
          inner(stage.conv, activated(strip, inside, norm)),
        );
      }
      case 'double': {
        const doubled = tf.add<tf.Tensor4D>(doublingConv(tf.mul(strip, inside), weight(stage.conv)), bias(stage.conv));
        return tf.slice(doubled, [0, 2, 0, 0], [-1, doubled.shape[1] - 4, -1, -1]);
      }
    }
  };
  return (inputs) => {
    const y = compute(inputs);
    const mean = tf.mean(y, [0, 1, 2]);
    return [y, mean, tf.mean(tf.square(tf.sub(y, mean)), [0, 1, 2])];
  };
}

/** Keys and values of a strip, `[rows·W, C]` each. Inputs: `[1, rows, W, C]` and a norm. */
export const keysFunction =
  (name: string, params: Params): StripFunction =>
  ([x, ...norm]) => {
    const pixels = normalized(x as tf.Tensor4D, norm as unknown as Norm);
    return [dense(`${name}.to_k`, params, pixels), dense(`${name}.to_v`, params, pixels)];
  };

/** A strip with what its pixels attend to in the whole image. Inputs: `[1, rows, W, C]`, a norm, keys and values `[H·W, C]`. */
export const attendFunction =
  (name: string, params: Params): StripFunction =>
  ([x, mean, scale, shift, keys, values]) => {
    const strip = x as tf.Tensor4D;
    const pixels = normalized(strip, [mean, scale, shift] as unknown as Norm);
    const channels = strip.shape[3];
    const queries = tf.mul(dense(`${name}.to_q`, params, pixels), 1 / Math.sqrt(channels));
    const similarity = tf.softmax(tf.matMul(queries, keys as tf.Tensor2D, false, true), -1);
    const mixed = dense(`${name}.to_out.0`, params, tf.matMul(similarity, values as tf.Tensor2D) as tf.Tensor2D);
    const y = tf.add(strip, tf.reshape(mixed, strip.shape));
    const means = tf.mean(y, [0, 1, 2]);
    return [y, means, tf.mean(tf.square(tf.sub(y, means)), [0, 1, 2])];
  };

const normalized = (x: tf.Tensor4D, [mean, scale, shift]: Norm): tf.Tensor2D =>
  tf.reshape(tf.add(tf.mul(tf.sub(x, mean), scale), shift), [-1, x.shape[3]]);

const dense = (name: string, params: Params, x: tf.Tensor2D): tf.Tensor2D =>
  tf.add(tf.matMul(x, params[`${name}.weight`] as tf.Tensor2D), params[`${name}.bias`] as tf.Tensor1D);
