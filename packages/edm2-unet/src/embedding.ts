import * as tf from '@tensorflow/tfjs-core';
import type { UNetConfig } from './config.js';
import { type Network, parameter, type Run } from './network.js';
import type { Plan } from './plan.js';

/** What the network is told besides the image and its noise level; all zero where it is left out. */
export interface Conditions {
  /** `[N, labelDim]`. */
  readonly labels: tf.Tensor2D | undefined;
  /** `[N, augmentDim]`. */
  readonly augmentLabels: tf.Tensor2D | undefined;
}

/** Embedding of noise level, class and augmentation: `[N]`, `[N, labelDim]` and `[N, augmentDim]` → `[N, emb]`. */
export type Embedding = (run: Run, cNoise: tf.Tensor, conditions: Conditions) => tf.Tensor2D;

/** Declares the embedding network. */
export function embedding(
  net: Network,
  { labelDim, augmentDim = 0 }: UNetConfig,
  { noiseChannels, embChannels }: Plan,
): Embedding {
  const { noiseFeatures, noiseLayers, activation, sum, share, labelScale } = net.vocabulary;
  noiseFeatures.check?.(noiseChannels);
  const [freqs, phases] = ['unet.emb_fourier.freqs', 'unet.emb_fourier.phases'];
  if (noiseFeatures.buffers) {
    const shape = [noiseChannels];
    net.parameters.push({ name: freqs, shape, kind: 'buffer', init: { normal: 2 * Math.PI } });
    net.parameters.push({ name: phases, shape, kind: 'buffer', init: { uniform: [0, 2 * Math.PI] } });
  }
  const noise0 = net.dense('unet.emb_noise', noiseChannels, embChannels);
  const noise1 = noiseLayers === 2 ? net.dense('unet.emb_noise1', embChannels, embChannels) : undefined;
  const label =
    labelDim > 0 ? net.dense('unet.emb_label', labelDim, embChannels, { bias: false, role: 'label' }) : undefined;
  const augment = augmentDim > 0 ? net.dense('unet.emb_augment', augmentDim, embChannels, { bias: false }) : undefined;

  return (run, cNoise, { labels, augmentLabels }) => {
    const buffers = noiseFeatures.buffers
      ? { freqs: parameter(run.params, freqs), phases: parameter(run.params, phases) }
      : undefined;
    let emb = noise0(run, noiseFeatures.apply(cNoise, noiseChannels, buffers));
    if (noise1) emb = noise1(run, activation(emb));
    if (label) {
      const classes = labels ?? tf.zeros<tf.Rank.R2>([cNoise.shape[0] ?? 0, labelDim]);
      emb = sum(emb, label(run, tf.mul(classes, labelScale(labelDim))), share.label) as tf.Tensor2D;
    }
    // A plain sum: an image that is as it was, and so every sample, has the embedding that a network without this layer gives it.
    if (augment && augmentLabels)
      emb = tf.add(emb, augment(run, tf.mul(augmentLabels, labelScale(augmentDim)))) as tf.Tensor2D;
    return activation(emb);
  };
}
