import { createUNet, precondition, type UNetOptions } from '@edm2/edm2-unet';
import type { Denoiser } from '@edm2/sampler';
import { type GoldenArray, type GoldenFile, nchwToNhwc, oihwToHwio, oiToIo } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';

/** A golden array in our layout: images and filters turned, gains as scalars. */
export function goldenTensor(array: GoldenArray, name = ''): tf.Tensor {
  const { shape, data } = turned(array, name);
  return tf.tensor(Float32Array.from(data), shape, 'float32');
}

function turned(array: GoldenArray, name: string): GoldenArray {
  const rank = array.shape.length;
  if (name.endsWith('_gain')) return { shape: [], data: array.data };
  if (name.endsWith('.weight')) return rank === 4 ? oihwToHwio(array) : rank === 2 ? oiToIo(array) : array;
  return rank === 4 ? nchwToNhwc(array) : array;
}

/** The denoiser of the net stored below `prefix`, its config in the metadata's snake case. */
export function goldenDenoiser(golden: GoldenFile, prefix: string, config: string): Denoiser {
  const options = Object.fromEntries(
    Object.entries(JSON.parse(golden.metadata[config] ?? '{}')).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  ) as unknown as UNetOptions;
  const params = Object.fromEntries(
    Object.entries(golden.under(prefix)).map(([name, array]) => [name, goldenTensor(array, name)]),
  );
  return precondition(createUNet({ ...options, config: 'G' }))(params);
}
