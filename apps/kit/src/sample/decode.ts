import { unitToPixels } from '@edm2/dataset';
import type * as tf from '@tensorflow/tfjs-core';
import type { PixelBatch } from './images.js';

/** Turns what a network makes, `[N, H, W, C]`, into pixels. The tensor stays the caller's. */
export interface Decoder {
  decode(samples: tf.Tensor): Promise<PixelBatch>;
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
