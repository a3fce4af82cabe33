import { mpFourierFeatures, type Vocabulary } from '@edm2/edm2-unet';
import { createUncertainty, type Uncertainty } from '@edm2/loss-weighting';
import * as tf from '@tensorflow/tfjs-core';

/** Fourier features of the head. Of the released code; the paper gives no width. */
const CHANNELS = 128;
const SITE = { layer: 'logvar_linear', fanIn: CHANNELS } as const;

/**
 * The uncertainty head in a config's own words: its learned layer, its initialisation, a bias where layers have one, and √2 on the
 * Fourier features where the network has it.
 *
 * @param vocabulary - of the network: `unet.vocabulary`.
 * @see Karras et al. 2024, B.2: the head follows each config.
 */
export function ladderUncertainty({ layer, init, bias, noiseFeatures }: Vocabulary): Uncertainty {
  const magnitudePreserving = noiseFeatures === mpFourierFeatures;
  return createUncertainty({
    channels: CHANNELS,
    bias,
    weightInit: init(SITE),
    biasInit: init({ ...SITE, of: 'bias' }),
    ...(magnitudePreserving ? {} : { features: cosines }),
    dense: (x, kernel) => layer.dense(x as tf.Tensor2D, kernel as tf.Tensor2D, {}),
  });
}

/** `cos(cNoise·freqs + phases)`, `[N]` → `[N, C]`. */
const cosines = (cNoise: tf.Tensor, freqs: tf.Tensor, phases: tf.Tensor): tf.Tensor =>
  tf.cos(tf.add(tf.mul(tf.reshape(cNoise, [-1, 1]), freqs), phases));
