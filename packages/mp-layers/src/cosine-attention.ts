import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import { mpConv2d } from './mp-conv2d.js';
import { mpSum } from './mp-sum.js';
import { normalize } from './normalize.js';

/** Options of {@link cosineAttention}. */
export interface CosineAttentionOptions {
  /** `[1, 1, C, 3C]`: query, key and value; output channels ordered `[head, channel in head, q k v]`. */
  readonly qkv: tf.Tensor4D;
  /** `[1, 1, C, C]`: what the attended values pass through. */
  readonly proj: tf.Tensor4D;
  /** Number of heads, a divisor of C. */
  readonly heads: number;
  /** Share of the attention branch in the closing {@link mpSum}, 0 … 1. */
  readonly balance?: number;
}

/**
 * Self-attention over the pixels of an image with unit-magnitude queries, keys and values, joined to its input:
 * `mpSum(x, proj(softmax(q·kᵀ/√C_head)·v), balance)`.
 *
 * @param x - `[N, H, W, C]` float32.
 * @returns new tensor of `x`'s shape.
 * @throws {RangeError} when heads does not divide C or a filter does not fit.
 * @see Karras et al. 2024, section 2.4 "cosine attention", B.3 and Figure 18.
 */
export function cosineAttention(x: tf.Tensor4D, options: CosineAttentionOptions): tf.Tensor4D {
  const names = { qkv: true, proj: true, heads: true, balance: true } as const;
  const { qkv, proj, heads, balance = 0.3 } = known('cosineAttention', options, names);
  return tf.tidy(() => {
    const attended = attend(mpConv2d(x, qkv), { heads, qkvNorm: (t) => normalize(t, [1]) });
    return mpSum(x, mpConv2d(attended, proj), balance);
  });
}

/** Options of {@link attend}. */
export interface AttendOptions {
  /** Number of heads, a divisor of C. */
  readonly heads: number;
  /** Applied to `[N·heads, C_head, 3, H·W]` before q, k and v part; nothing by default (dot-product attention). */
  readonly qkvNorm?: (t: tf.Tensor4D) => tf.Tensor4D;
}

/**
 * The middle of self-attention: splits a projection into heads, queries, keys and values, and mixes the values,
 * `softmax(q·kᵀ/√C_head)·v`.
 *
 * @param z - `[N, H, W, 3C]`, channels ordered `[head, channel in head, q k v]`.
 * @returns new tensor `[N, H, W, C]`, channels ordered `[head, channel in head]`.
 * @throws {RangeError} when the channels do not split into 3 × heads.
 */
export function attend(z: tf.Tensor4D, options: AttendOptions): tf.Tensor4D {
  const { heads, qkvNorm = (t: tf.Tensor4D) => t } = known('attend', options, { heads: true, qkvNorm: true });
  const [n, h, w, c3] = z.shape;
  const perHead = c3 / 3 / heads;
  if (!Number.isInteger(perHead) || perHead < 1)
    throw new RangeError(
      `attend: expected channels in 3 × heads equal parts, got ${c3} channels for ${heads} heads. Choose heads that divide a third of the channels.`,
    );
  return tf.tidy(() => {
    // Channels first: heads and q k v are then plain reshapes of one transpose, and no tensor has more than four axes.
    const first = tf.reshape(tf.transpose(z, [0, 3, 1, 2]), [n * heads, perHead, 3, h * w]) as tf.Tensor4D;
    const [q, k, v] = tf.split(qkvNorm(first), 3, 2).map((part) => tf.reshape(part, [n * heads, perHead, h * w])) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const similarity = tf.softmax(tf.matMul(tf.mul(q, 1 / Math.sqrt(perHead)), k, true, false), -1);
    const mixed = tf.matMul(v, similarity, false, true);
    return tf.transpose(tf.reshape(mixed, [n, heads * perHead, h, w]), [0, 2, 3, 1]);
  });
}
