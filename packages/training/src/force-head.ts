import { forcedWeight, type UNet } from '@edm2/edm2-unet';
import type { Uncertainty } from '@edm2/loss-weighting';
import * as tf from '@tensorflow/tfjs-core';
import { mapParams, type Params } from './tree.js';

/**
 * Forced weight normalisation of the uncertainty head, which follows the net's config (E to G).
 *
 * @see Karras et al. 2024, eq. 66.
 */
export function forceHead(unet: UNet, uncertainty: Uncertainty | undefined, params: Params): Params {
  const weights = (uncertainty?.parameters ?? []).filter(({ kind }) => kind === 'weight').map(({ name }) => name);
  return mapParams(params, (tensor, name) =>
    unet.vocabulary.forcedWeightNorm && weights.includes(name)
      ? forcedWeight(unet.vocabulary, tensor)
      : tf.clone(tensor),
  );
}
