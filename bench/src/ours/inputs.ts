import type { Params, UNet } from '@edm2/edm2-unet';
import { createRandom } from '@edm2/random';
import * as tf from '@tensorflow/tfjs-core';

/** A batch that is as good as any: timings do not depend on what is in it. */
export function makeInputs({ config }: UNet, batch: number) {
  const { imgResolution: side, imgChannels, labelDim } = config;
  const random = createRandom(0);
  const shape: [number, number, number, number] = [batch, side, side, imgChannels];
  const normals = (name: string, std: number) =>
    random
      .stream(name)
      .normal(batch * side * side * imgChannels)
      .map((value) => value * std);
  return {
    images: tf.tensor4d(normals('images', 0.5), shape),
    noise: tf.tensor4d(normals('noise', 1), shape),
    sigma: tf.tensor1d(
      random
        .stream('sigma')
        .normal(batch)
        .map((value) => Math.exp(value - 0.4)),
    ),
    ...(labelDim > 0 && {
      labels: tf.tensor2d(
        Float32Array.from({ length: batch * labelDim }, (_, i) =>
          i % labelDim === Math.floor(i / labelDim) % labelDim ? 1 : 0,
        ),
        [batch, labelDim],
      ),
    }),
  };
}

/** Gains away from their initial 0, as on the PyTorch side, so that nothing is trivially zero or folded away. */
export function withGains(unet: UNet, params: Params): Params {
  const gains = new Set(unet.parameters.filter(({ kind }) => kind === 'gain').map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => {
      if (!gains.has(name)) return [name, value];
      value.dispose();
      return [name, tf.fill(value.shape, 0.5)];
    }),
  );
}
