import { createUNet, initParams, type Params, presets, type UNet } from '@edm2/edm2-unet';
import * as tf from '@tensorflow/tfjs-core';

/** The main job's network, drawn, its gains away from their initial 0 so that every layer has a say. */
export function mainNetwork(): { unet: UNet; params: Params } {
  const unet = createUNet(presets.mnist.unet);
  const drawn = initParams(unet, 0);
  const params: Params = Object.fromEntries(
    unet.parameters.map(({ name, kind }) => [name, kind === 'gain' ? tf.scalar(0.5) : (drawn[name] as tf.Tensor)]),
  );
  return { unet, params };
}
