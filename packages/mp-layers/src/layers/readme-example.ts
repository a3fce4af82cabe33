import { MPConv2D, MPDense, MPSilu, PixelNorm } from '@edm2/mp-layers/layers';
import * as tf from '@tensorflow/tfjs';

// Which quarter of an 8×8 image holds the bright spot?
const corners = Array.from({ length: 64 }, (_, i) => i % 4);
const corner = tf.oneHot(tf.tensor1d(corners, 'int32'), 4);
const spots = tf.image.resizeNearestNeighbor(tf.reshape<tf.Rank.R4>(corner, [64, 2, 2, 1]), [8, 8]);
const images = tf.add(tf.mul(spots, 2), tf.randomNormal([64, 8, 8, 1], 0, 1, 'float32', 7));

export const model = tf.sequential({
  layers: [
    new MPConv2D({ filters: 8, inputShape: [8, 8, 1] }),
    new MPSilu({}),
    new PixelNorm({}),
    tf.layers.averagePooling2d({ poolSize: 4 }),
    tf.layers.flatten(),
    new MPDense({ units: 4, learnedGain: true }),
    tf.layers.softmax(),
  ],
});
model.compile({ optimizer: tf.train.adam(0.05), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
export const { history } = await model.fit(images, corner, { epochs: 12, batchSize: 16, verbose: 0 });
