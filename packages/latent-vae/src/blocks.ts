import * as tf from '@tensorflow/tfjs-core';
import { silu } from './group-norm.js';
import type { Network, Part } from './network.js';

/** Norm, SiLU, 3×3 convolution, twice, plus the input (through a 1×1 convolution where the width changes). */
function residual(net: Network, name: string, from: number, to: number): Part {
  const norm1 = net.norm(`${name}.norm1`, from);
  const conv1 = net.conv(`${name}.conv1`, from, to, 3);
  const norm2 = net.norm(`${name}.norm2`, to);
  const conv2 = net.conv(`${name}.conv2`, to, to, 3);
  const shortcut: Part = from === to ? (_run, x) => x : net.conv(`${name}.conv_shortcut`, from, to, 1);
  return net.named(name, (run, x) => {
    const y = conv1(run, silu(norm1(run, x)));
    return tf.add(shortcut(run, x), conv2(run, silu(norm2(run, y))));
  });
}

/** Every pixel attends to every pixel, one head over all channels, plus the input. */
function attention(net: Network, name: string, channels: number): Part {
  const norm = net.norm(`${name}.group_norm`, channels);
  const [q, k, v] = (['to_q', 'to_k', 'to_v'] as const).map((part) =>
    net.dense(`${name}.${part}`, channels, channels),
  ) as [ReturnType<Network['dense']>, ReturnType<Network['dense']>, ReturnType<Network['dense']>];
  const out = net.dense(`${name}.to_out.0`, channels, channels);
  return net.named(name, (run, x) => {
    const [n, h, w] = x.shape;
    const pixels: tf.Tensor3D = tf.reshape(norm(run, x), [n, h * w, channels]);
    const scaled = tf.mul(q(run, pixels), 1 / Math.sqrt(channels));
    const similarity = tf.softmax(tf.matMul(scaled, k(run, pixels), false, true), -1);
    const mixed = tf.matMul(similarity, v(run, pixels)) as tf.Tensor3D;
    return tf.add(x, tf.reshape(out(run, mixed), [n, h, w, channels]));
  });
}

/** Residual block, attention, residual block. */
export function middle(net: Network, name: string, channels: number, attends: boolean): Part {
  const first = residual(net, `${name}.resnets.0`, channels, channels);
  const attend: Part = attends ? attention(net, `${name}.attentions.0`, channels) : (_run, x) => x;
  const second = residual(net, `${name}.resnets.1`, channels, channels);
  return net.named(name, (run, x) => second(run, attend(run, first(run, x))));
}

/** Residual blocks in a row, then a change of resolution. */
export function level(
  net: Network,
  name: string,
  widths: { readonly from: number; readonly to: number },
  layers: number,
  resample: Part,
): Part {
  const blocks = Array.from({ length: layers }, (_, i) =>
    residual(net, `${name}.resnets.${i}`, i === 0 ? widths.from : widths.to, widths.to),
  );
  return net.named(name, (run, x) => {
    let y = x;
    for (const block of blocks) y = block(run, y);
    return resample(run, y);
  });
}

/** Halves the sides: 3×3 convolution, stride 2, zeros on the right and bottom only. */
export const downsampler = (net: Network, name: string, channels: number): Part =>
  net.conv(`${name}.downsamplers.0.conv`, channels, channels, 3, 2);

/** Doubles the sides: nearest neighbour, then a 3×3 convolution. */
export const upsampler = (net: Network, name: string, channels: number): Part =>
  net.doublingConv(`${name}.upsamplers.0.conv`, channels, channels);
