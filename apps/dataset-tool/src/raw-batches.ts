import type { Dataset } from '@edm2/dataset';
import { splitRawLatents } from '@edm2/latent-vae';
import * as tf from '@tensorflow/tfjs-core';
import { readBatches } from './read-batches.js';

/** Latents read at a time. */
const BATCH = 64;

/** Means and deviations of all latents of a dataset, for `measureRawStatistics`. */
export async function* rawBatches(dataset: Dataset, signal: AbortSignal) {
  const all = Array.from({ length: dataset.length }, (_, i) => i);
  for await (const { values, shape } of readBatches(dataset, all, BATCH, signal)) {
    const raw = tf.tensor4d(values, shape, 'float32');
    const parts = splitRawLatents(raw);
    yield parts;
    tf.dispose([raw, parts.mean, parts.std]);
  }
}
