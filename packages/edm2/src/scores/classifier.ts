import { createHash } from 'node:crypto';
import type { Engine } from '@edm2/tfjs-jit';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import type { PixelBatch } from '../sample/images.js';
import type { FeatureNetwork } from './feature-network.js';

/** Side and channels of the images that the classifier reads. */
const CLASSIFIER_SIDE = 16;
export const CLASSES = 10;
/** Width of the layer before the classes: what the Fréchet distance is taken over. */
export const FEATURES = 64;
/** Images at a time: one compiled shape. */
export const BATCH = 128;

export type Params = Record<string, tf.Tensor>;

/** Parameters and their shapes (TensorFlow.js's layouts), in the order of files. */
export const SHAPES: Readonly<Record<string, number[]>> = {
  conv1: [3, 3, 1, 16],
  conv2: [3, 3, 16, 32],
  conv3: [3, 3, 32, 64],
  dense: [4 * 4 * 64, FEATURES],
  bias: [FEATURES],
  head: [FEATURES, CLASSES],
};

/**
 * A small convolutional judge of digits, `[N, 16, 16, 1]`. It exists to score the generator that was trained beside it; it is not
 * Inception, and distances on its features are not FID.
 */
export interface Classifier extends FeatureNetwork {
  /** Names of {@link SHAPES}; the classifier's own. */
  readonly params: Params;
  judge(images: PixelBatch): { features: Float32Array; classes: Uint8Array; logits: Float32Array };
}

/** Makes a judge of trained parameters, which it disposes with itself. */
export function createClassifier(params: Params, engine: Engine | undefined): Classifier {
  const infer = jit((x: tf.Tensor) => forward(params, x), engine ? { engine } : {});
  return {
    name: 'classifier',
    figure: 'Fréchet distance (classifier features)',
    dims: FEATURES,
    classes: CLASSES,
    fingerprint: fingerprintOf(params),
    params,
    judge({ data, shape: [count, height, width, channels] }) {
      if (height !== CLASSIFIER_SIDE || width !== CLASSIFIER_SIDE || channels !== 1)
        throw new RangeError(
          `classifier.judge: expected grey images of ${CLASSIFIER_SIDE}×${CLASSIFIER_SIDE}, got ${height}×${width}×${channels}. Take a feature network that fits.`,
        );
      const size = height * width;
      const features = new Float32Array(count * FEATURES);
      const classes = new Uint8Array(count);
      const logits = new Float32Array(count * CLASSES);
      for (let at = 0; at < count; at += BATCH) {
        const n = Math.min(BATCH, count - at);
        // The last batch is filled up, so that one compiled shape serves all.
        const pixels = new Float32Array(BATCH * size);
        for (let j = 0; j < n * size; j++) pixels[j] = (data[at * size + j] ?? 0) / 255;
        const x = tf.tensor4d(pixels, [BATCH, height, width, 1]);
        const out = infer(x);
        features.set((out.features.dataSync() as Float32Array).subarray(0, n * FEATURES), at * FEATURES);
        logits.set((out.logits.dataSync() as Float32Array).subarray(0, n * CLASSES), at * CLASSES);
        tf.dispose([x, out.features, out.logits]);
      }
      for (let i = 0; i < count; i++) classes[i] = argMax(logits.subarray(i * CLASSES, (i + 1) * CLASSES));
      return { features, classes, logits };
    },
    dispose() {
      infer.dispose();
      tf.dispose(params);
    },
  };
}

/** 16×16 → conv, conv, pool → 8×8 → conv, pool → 4×4 → features → logits. */
export function forward(params: Params, x: tf.Tensor): { features: tf.Tensor; logits: tf.Tensor } {
  const get = <T extends tf.Tensor>(name: string): T => params[name] as T;
  const conv = (h: tf.Tensor4D, name: string) => tf.relu(tf.conv2d(h, get<tf.Tensor4D>(name), 1, 'same'));
  let h = conv(conv(x as tf.Tensor4D, 'conv1'), 'conv2');
  h = conv(tf.avgPool(h, 2, 2, 'valid'), 'conv3');
  h = tf.avgPool(h, 2, 2, 'valid');
  const flat = tf.reshape(h, [h.shape[0], 4 * 4 * 64]) as tf.Tensor2D;
  const features = tf.relu(tf.add(tf.matMul(flat, get<tf.Tensor2D>('dense')), get('bias')));
  return { features, logits: tf.matMul(features as tf.Tensor2D, get<tf.Tensor2D>('head')) };
}

function fingerprintOf(params: Params): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(SHAPES)) {
    const values = (params[name] as tf.Tensor).dataSync();
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex').slice(0, 16);
}

function argMax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}
