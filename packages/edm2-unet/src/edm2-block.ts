import { pixelNorm } from '@edm2/mp-layers';
import * as tf from '@tensorflow/tfjs-core';
import { attention } from './attention.js';
import { clampActivations } from './clamp.js';
import { conditioning } from './conditioning.js';
import type { BlockFactory } from './network.js';

/**
 * Block of configs F and G: resampling, and in the encoder the 1×1 convolution and pixel norm, stand before the residual
 * branch splits off; no normalisation inside.
 *
 * @see Karras et al. 2024, Figures 21 and 22.
 */
export const edm2Block: BlockFactory = (net, plan) => {
  const { name, side, from, to, resolution, resample } = plan;
  const { activation, sum, share, clipAct } = net.vocabulary;
  const condition = conditioning(net, name, to);
  const convRes0 = net.conv(`${name}.conv_res0`, side === 'enc' ? to : from, to, 3, resolution);
  const convRes1 = net.conv(`${name}.conv_res1`, to, to, 3, resolution, { role: 'last' });
  const convSkip = from === to ? undefined : net.conv(`${name}.conv_skip`, from, to, 1, resolution);
  const attend = attention(net, plan);

  return (run, input, emb) => {
    let x = resample(input);
    if (side === 'enc') x = pixelNorm(convSkip ? convSkip(run, x) : x);
    const { scale, offset } = condition(run, emb);
    let y = convRes0(run, activation(x), scale);
    if (offset) y = tf.add(y, offset);
    y = convRes1(run, run.dropout(name, activation(y)));
    if (side === 'dec' && convSkip) x = convSkip(run, x);
    x = sum(x, y, share.block) as tf.Tensor4D;
    x = clampActivations(attend(run, x), clipAct);
    run.tap?.(name, x);
    return x;
  };
};
