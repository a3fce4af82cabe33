import type { EngineReport } from '@edm2/engine';
import type { LoadedAutoencoder } from '@edm2/latent-vae/node';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';

/** Some images of one size. */
export interface Pixels {
  /** `[N, side, side, 3]`, 0 to 255. */
  readonly values: Uint8Array | Float32Array;
  readonly count: number;
  readonly side: number;
}

/** Means and deviations of some images. */
export interface Posteriors {
  /** `[N, 2 · channels, side / factor, side / factor]`: channels before pixels, means before deviations, as the files have them. */
  readonly values: Float32Array;
  /** Of one image. */
  readonly shape: readonly number[];
}

/** Makes latents of images. */
export interface Encoder {
  encode(pixels: Pixels): Promise<Posteriors>;
  /** Batches at a time that keep it busy. */
  readonly concurrency: number;
  close(): Promise<void>;
}

/**
 * An encoder in this process, on an engine that is started. Batches are filled up, so that it is compiled once.
 *
 * @param params - disposed by `close`.
 */
export function openEncoder(
  { vae, params }: Pick<LoadedAutoencoder, 'vae' | 'params'>,
  batch: number,
  { engine }: Pick<EngineReport, 'engine'>,
): Encoder {
  const run = jit(
    (pixels: tf.Tensor4D) => {
      const { mean, std } = vae.encode(params, tf.div(pixels, 255));
      return tf.transpose(tf.concat([mean, std], -1), [0, 3, 1, 2]);
    },
    engine ? { engine } : {},
  );
  return {
    // One computes; what the other has read waits, or is written meanwhile.
    concurrency: 2,
    async encode({ values, count, side }) {
      const full = new Float32Array(batch * side * side * 3);
      full.set(values);
      const pixels = tf.tensor4d(full, [batch, side, side, 3]);
      const raw = run(pixels);
      const data = await raw.data<'float32'>();
      const [, ...shape] = raw.shape;
      tf.dispose([pixels, raw]);
      return { values: data.slice(0, (data.length / batch) * count), shape };
    },
    async close() {
      run.dispose();
      tf.dispose(params);
    },
  };
}
