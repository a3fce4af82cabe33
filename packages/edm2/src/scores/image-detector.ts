import type { Engine } from '@edm2/tfjs-jit';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import type { PixelBatch } from '../sample/images.js';
import type { FeatureNetwork } from './feature-network.js';

/** Images at a time: one compiled shape, and activations of large networks in a few hundred megabytes. */
const BATCH = 16;

/** A network of RGB images whose features are compared. */
export interface ImageDetectorOptions extends Omit<FeatureNetwork, 'judge' | 'dispose'> {
  /** The detector's own from here on. */
  readonly params: Readonly<Record<string, tf.Tensor>>;
  /** `[N, H, W, 3]`, 0…255 → `[N, dims]`, and `[N, classes]`; pure. */
  readonly apply: (
    params: Readonly<Record<string, tf.Tensor>>,
    images: tf.Tensor,
  ) => { features: tf.Tensor; logits?: tf.Tensor };
  readonly engine: Engine | undefined;
}

/** Makes a feature network of a pure function; grey images are shown to it as RGB of equal channels. */
export function createImageDetector({ params, apply, engine, ...about }: ImageDetectorOptions): FeatureNetwork {
  const { classes = 0 } = about;
  const compiled = jit((x: tf.Tensor) => apply(params, x), engine ? { engine } : {});
  return {
    ...about,
    async judge({ data, shape: [count, height, width, channels] }: PixelBatch) {
      if (channels !== 1 && channels !== 3)
        throw new RangeError(
          `${about.name}.judge: expected grey or RGB images, got ${channels} channels. Decode them first.`,
        );
      const features = new Float32Array(count * about.dims);
      const logits = new Float32Array(count * classes);
      const size = height * width * channels;
      for (let at = 0; at < count; at += BATCH) {
        const n = Math.min(BATCH, count - at);
        // The last batch is filled up, so that one compiled shape serves all.
        const pixels = new Float32Array(BATCH * height * width * 3);
        const part = data.subarray(at * size, (at + n) * size);
        if (channels === 3) pixels.set(part);
        else for (const [i, value] of part.entries()) pixels.fill(value, 3 * i, 3 * i + 3);
        const x = tf.tensor4d(pixels, [BATCH, height, width, 3]);
        const out = compiled(x);
        features.set(((await out.features.data()) as Float32Array).subarray(0, n * about.dims), at * about.dims);
        if (out.logits) logits.set(((await out.logits.data()) as Float32Array).subarray(0, n * classes), at * classes);
        tf.dispose([x, out.features]);
        out.logits?.dispose();
      }
      return { features, ...(classes > 0 ? { logits } : {}) };
    },
    dispose() {
      compiled.dispose();
      tf.dispose(params as Record<string, tf.Tensor>);
    },
  };
}
