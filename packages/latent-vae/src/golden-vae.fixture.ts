import { dirname } from 'node:path';
import { loadAutoencoder } from '@edm2/latent-vae/node';
import { goldenPath, nchwToNhwc, readGolden } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';

/** Arrays of the golden autoencoder: a run of it, tap by tap. */
export const golden = readGolden('vae');

/** The diffusers folder of the golden autoencoder. */
export const TINY = dirname(goldenPath('vae-tiny/config.json'));

/** The golden autoencoder with its weights. */
export const loadTiny = () => loadAutoencoder(TINY);

/** A golden array in channels-last order. */
export const values = (name: string) => nchwToNhwc(golden.get(name));

/** The same as a tensor. */
export function image(name: string): tf.Tensor4D {
  const { shape, data } = values(name);
  return tf.tensor(Float32Array.from(data), shape as [number, number, number, number]);
}

/** Channels `begin` … `end` of an array. */
export const channels = (x: tf.Tensor4D, begin: number, count: number): tf.Tensor4D =>
  tf.slice(x, [0, 0, 0, begin], [-1, -1, -1, count]);
