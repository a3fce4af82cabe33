import type * as tf from '@tensorflow/tfjs-core';
import type { Detector } from './detectors.js';
import type { RunningEngine } from './engine.js';
import type { FeatureBatch, RunNetwork } from './run-batch.js';

/** A network that is ready to run. */
export interface OpenNetwork {
  readonly run: RunNetwork;
  close(): void;
}

/**
 * Compiles a network with its weights as constants, which are the engine's TensorFlow.js backend's from here on.
 *
 * @param load - makes tensors by name, once the engine runs; they are the network's.
 */
export async function openNetwork(
  detector: Detector,
  load: () => Promise<Record<string, tf.Tensor>>,
  { backend, engine }: RunningEngine,
  batch: number,
): Promise<OpenNetwork> {
  const [{ jit }, core] = await Promise.all([import('@edm2/tfjs-jit'), import('@tensorflow/tfjs-core')]);
  const wanted = backend ?? engine?.backend;
  if (wanted !== undefined) await core.setBackend(wanted);
  const params = await load();
  const network = jit((images: tf.Tensor) => detector.apply(params, images), engine ? { engine } : {});
  const run = (pixels: Float32Array): FeatureBatch => {
    const images = core.tensor4d(pixels, [batch, detector.size, detector.size, 3]);
    const { features, logits } = network(images);
    const read = (tensor: tf.Tensor): Float32Array => Float32Array.from(tensor.dataSync());
    const result = { features: read(features), ...(logits ? { logits: read(logits) } : {}) };
    core.dispose([images, features, ...(logits ? [logits] : [])]);
    return result;
  };
  return {
    run,
    close: () => {
      network.dispose();
      core.dispose(params);
    },
  };
}
