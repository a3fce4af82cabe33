import type { Denoiser } from '@edm2/sampler';
import * as tf from '@tensorflow/tfjs-core';

/** Standard deviation of the data in the tests. */
export const DATA_STD = 0.5;

/** The exact denoiser of data ~ N(0, s²): `D(x; σ) = x·s²/(s² + σ²)`. */
export const gaussianDenoiser: Denoiser = (x, sigma) =>
  tf.tidy(() => {
    const column = tf.reshape(sigma, [-1, ...x.shape.slice(1).map(() => 1)]);
    return tf.mul(x, tf.div(DATA_STD ** 2, tf.add(tf.square(column), DATA_STD ** 2)));
  });

/** The exact solution of the flow from level `from` to level `to`, per unit of x: `√((s² + to²)/(s² + from²))`. */
export const gaussianFlow = (from: number, to: number): number =>
  Math.sqrt((DATA_STD ** 2 + to ** 2) / (DATA_STD ** 2 + from ** 2));
