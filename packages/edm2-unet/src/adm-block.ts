import type * as tf from '@tensorflow/tfjs-core';
import { attention } from './attention.js';
import { clampActivations } from './clamp.js';
import { conditioning, modulate } from './conditioning.js';
import type { BlockFactory } from './network.js';

/**
 * Block of configs A to E: everything, resampling included, inside the residual branch, which starts with a normalisation.
 *
 * @see Karras et al. 2024, Figures 16 to 20.
 */
export const admBlock: BlockFactory = (net, plan) => {
  const { name, from, to, resolution, resample } = plan;
  const { activation, norm, sum, share, clipAct } = net.vocabulary;
  const norm0 = net.norm(`${name}.norm_res0`, norm, from);
  const convRes0 = net.conv(`${name}.conv_res0`, from, to, 3, resolution);
  const condition = conditioning(net, name, to);
  const norm1 = net.norm(`${name}.norm_res1`, norm, to);
  const convRes1 = net.conv(`${name}.conv_res1`, to, to, 3, resolution, { role: 'last' });
  const convSkip = from === to ? undefined : net.conv(`${name}.conv_skip`, from, to, 1, resolution);
  const attend = attention(net, plan);

  return (run, input, emb) => {
    let y = convRes0(run, resample(activation(norm0(run, input))));
    y = modulate(norm1(run, y), condition(run, emb));
    y = convRes1(run, run.dropout(name, activation(y)));
    let x = resample(input);
    if (convSkip) x = convSkip(run, x);
    x = sum(x, y, share.block) as tf.Tensor4D;
    x = clampActivations(attend(run, x), clipAct);
    run.tap?.(name, x);
    return x;
  };
};
