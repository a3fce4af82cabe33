import { unitToPixels } from '@edm2/dataset';
import type * as tf from '@tensorflow/tfjs-core';
import type { PixelBatch } from './images.js';

/** Options of {@link Decoder.decode}. */
export interface DecodeOptions {
  /** Called after each part of the images. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Stops before the next part. */
  readonly signal?: AbortSignal | undefined;
}

/** Turns what a network makes, `[N, H, W, C]`, into pixels. The tensor stays the caller's. */
export interface Decoder {
  decode(samples: tf.Tensor, options?: DecodeOptions): Promise<PixelBatch>;
  /** How long decoding takes, in steps of a sampler: for progress. Default 1. */
  readonly steps?: number;
  /** SHA-256 (hex) of the weights that decode, where there are any. */
  readonly sha256?: string;
  dispose(): void;
}

/** The decoder of networks that make pixels, −1…1. */
export const pixelDecoder: Decoder = {
  async decode(samples) {
    const data = unitToPixels((await samples.data()) as Float32Array);
    return { data, shape: samples.shape as [number, number, number, number] };
  },
  dispose() {},
};

/** Whether a network of so many channels makes latents, which a VAE must decode. */
export const makesLatents = (channels: number): boolean => channels !== 1 && channels !== 3;
