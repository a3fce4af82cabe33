import { attend } from '@edm2/mp-layers';
import type * as tf from '@tensorflow/tfjs-core';
import type { BlockPlan, Network, Part } from './network.js';

/** Declares a block's self-attention, if it has one, and returns it with its residual sum. */
export function attention(net: Network, { name, to, resolution, heads }: BlockPlan): Part<tf.Tensor4D> {
  if (heads === 0) return (_run, x) => x;
  const { attentionNorm, qkvNorm, sum, share } = net.vocabulary;
  const norm = net.norm(`${name}.attn_norm`, attentionNorm, to);
  const qkv = net.conv(`${name}.attn_qkv`, to, 3 * to, 1, resolution);
  const proj = net.conv(`${name}.attn_proj`, to, to, 1, resolution, { role: 'last' });
  return (run, x) => {
    const mixed = attend(qkv(run, norm(run, x)), { heads, qkvNorm });
    return sum(x, proj(run, mixed), share.attention) as tf.Tensor4D;
  };
}
