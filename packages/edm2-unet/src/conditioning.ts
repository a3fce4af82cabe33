import * as tf from '@tensorflow/tfjs-core';
import type { Network, Run } from './network.js';

/** What the embedding does to a block's features: `y·scale + offset`, both `[N, 1, 1, C]`. */
export interface Modulation {
  readonly scale: tf.Tensor4D;
  readonly offset?: tf.Tensor4D;
}

/** Declares a block's `emb_linear` and returns the map from embedding to modulation, `scale = 1 + linear(emb)`. */
export function conditioning(
  net: Network,
  block: string,
  channels: number,
): (run: Run, emb: tf.Tensor2D) => Modulation {
  const { offset } = net.vocabulary;
  const linear = net.dense(`${block}.emb_linear`, net.embChannels, offset ? 2 * channels : channels, {
    gain: `${block}.emb_gain`,
  });
  const asImage = (t: tf.Tensor): tf.Tensor4D => tf.reshape(t, [t.shape[0] ?? 0, 1, 1, channels]);
  return (run, emb) => {
    const out = linear(run, emb);
    if (!offset) return { scale: asImage(tf.add(out, 1)) };
    const [scale, shift] = tf.split(out, 2, 1) as [tf.Tensor, tf.Tensor];
    return { scale: asImage(tf.add(scale, 1)), offset: asImage(shift) };
  };
}

/** `y·scale + offset`. */
export function modulate(y: tf.Tensor4D, { scale, offset }: Modulation): tf.Tensor4D {
  const scaled = tf.mul<tf.Tensor4D>(y, scale);
  return offset ? tf.add(scaled, offset) : scaled;
}
