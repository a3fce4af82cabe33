import * as tf from '@tensorflow/tfjs-core';
import { ForcedWeightNorm } from './forced-weight-norm.js';
import { MPFourier } from './mp-fourier-layer.js';
import { MPConcat, MPSilu, MPSum, PixelNorm } from './plain-layers.js';
import { MPConv2D, MPDense } from './weighted-layers.js';

/**
 * Makes the layers known to `tf.loadLayersModel` by their class names. Call it once before loading; calling again is harmless.
 * Nothing is registered at import, so that a bundler may drop what is not used.
 */
export function registerMpLayers(): void {
  for (const layer of [MPConv2D, MPDense, MPSilu, MPSum, MPConcat, PixelNorm, MPFourier, ForcedWeightNorm])
    tf.serialization.registerClass(layer as Parameters<typeof tf.serialization.registerClass>[0]);
}
