import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import type { AutoencoderKL } from './autoencoder.js';
import type { Params } from './network.js';

/** Options of {@link createAutoencoderLoss}. */
export interface AutoencoderLossOptions {
  readonly vae: AutoencoderKL;
  /** What counts of each value's error: `tf.abs` (L1), `tf.square` (L2), or another function of the same shape. Default `tf.abs`. */
  readonly distance?: (error: tf.Tensor4D) => tf.Tensor4D;
  /** Weight of the error of edges, ≥ 0. Default 0.5. */
  readonly detail?: number;
  /** Weight of the Kullback-Leibler divergence, ≥ 0. Default 1e-4. */
  readonly kl?: number;
}

/** What a batch's loss is made of, scalars. */
export type AutoencoderLoss = {
  /** `error + detail·edges + kl·divergence`. */
  readonly loss: tf.Scalar;
  /** Mean distance of a value from the original. */
  readonly error: tf.Scalar;
  /** Mean distance of neighbours' differences, along both axes, over the scales. */
  readonly edges: tf.Scalar;
  /** Divergence of the posterior from N(0, 1) in nats, summed over the latents, for each value of an image. */
  readonly divergence: tf.Scalar;
  /** Mean squared error of a value. */
  readonly squared: tf.Scalar;
};

/** Scales at which edges are compared: the image, a half of it, a quarter. */
const SCALES = 3;

/**
 * The loss that an autoencoder is trained with, as a pure function: it draws nothing, and `jit` compiles it whole.
 *
 * Images are encoded, a latent is drawn of the posterior, and its decoded image is compared: value by value, and by the differences of
 * neighbouring values at three scales. The second term needs no trained network and weighs what the eye sees first, edges and texture, as
 * learned perceptual losses do; it does not replace them on photographs.
 *
 * @returns `(params, images, noise)` → {@link AutoencoderLoss}. `images` `[N, H, W, C]` in the range that is to be encoded later (EDM2: 0 … 1);
 * `noise` standard normal, of the latents' shape.
 * @throws {RangeError} when a weight is negative or not finite, or the autoencoder's images differ in channels from those it decodes.
 */
export function createAutoencoderLoss(options: AutoencoderLossOptions) {
  const {
    vae,
    distance = (error: tf.Tensor4D): tf.Tensor4D => tf.abs(error),
    detail = 0.5,
    kl = 1e-4,
  } = known('createAutoencoderLoss', options, { vae: true, distance: true, detail: true, kl: true });
  for (const [name, value] of Object.entries({ detail, kl }))
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(
        `createAutoencoderLoss: expected ${name} to be a number of at least 0, got ${value}. 0 leaves it out.`,
      );
  const { inChannels, outChannels } = vae.config;
  if (inChannels !== outChannels)
    throw new RangeError(
      `createAutoencoderLoss: expected an autoencoder that decodes what it encodes, got ${inChannels} channels in, ${outChannels} out. Give both the same.`,
    );
  return (params: Params, images: tf.Tensor4D, noise: tf.Tensor4D): AutoencoderLoss =>
    tf.tidy(() => {
      const { mean, logvar, std } = vae.encode(params, images);
      const difference = tf.sub<tf.Tensor4D>(vae.decode(params, tf.add(mean, tf.mul(std, noise))), images);
      const error = tf.mean<tf.Scalar>(distance(difference));
      const edges = edgesOf(difference, distance);
      const nats = tf.sub(tf.add(tf.square(mean), tf.square(std)), tf.add(logvar, 1));
      const divergence = tf.mul<tf.Scalar>(tf.sum(nats), 0.5 / images.size);
      return {
        loss: tf.add<tf.Scalar>(error, tf.add(tf.mul(edges, detail), tf.mul(divergence, kl))),
        error,
        edges,
        divergence,
        squared: tf.mean<tf.Scalar>(tf.square(difference)),
      };
    });
}

/** Differences are linear: those of both images differ by those of their difference. */
function edgesOf(difference: tf.Tensor4D, distance: (error: tf.Tensor4D) => tf.Tensor4D): tf.Scalar {
  const parts: tf.Tensor[] = [];
  let image = difference;
  for (let scale = 0; scale < SCALES; scale++) {
    const [, h, w] = image.shape;
    for (const axis of [1, 2] as const)
      if ((image.shape[axis] as number) > 1) parts.push(tf.mean(distance(alongAxis(image, axis))));
    if (h % 2 !== 0 || w % 2 !== 0 || scale === SCALES - 1) break;
    image = tf.avgPool(image, 2, 2, 'valid');
  }
  return parts.length === 0 ? tf.scalar(0) : tf.div<tf.Scalar>(tf.addN(parts), parts.length);
}

/** `x[i + 1] − x[i]` along rows or columns. */
function alongAxis(x: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D {
  const size: [number, number, number, number] = [...x.shape];
  size[axis] -= 1;
  // Arrays of their own: a slice's gradient reads them later.
  const [first, second] = [0, 1].map((at) => [0, axis === 1 ? at : 0, axis === 2 ? at : 0, 0]) as [number[], number[]];
  return tf.sub(tf.slice(x, second, size), tf.slice(x, first, size));
}
