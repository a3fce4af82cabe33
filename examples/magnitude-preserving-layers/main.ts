import assert from 'node:assert/strict';
import { weightNorm } from '@edm2/mp-layers';
import { MPConv2D, MPDense, MPSilu, PixelNorm, registerMpLayers } from '@edm2/mp-layers/layers';
import * as tf from '@tensorflow/tfjs';

// Which quarter of an 8×8 image holds the bright spot?
const classes = tf.tensor1d(
  Array.from({ length: 64 }, (_, i) => i % 4),
  'int32',
);
const corners = tf.oneHot(classes, 4);
const spots = tf.image.resizeNearestNeighbor(tf.reshape<tf.Rank.R4>(corners, [64, 2, 2, 1]), [8, 8]);
const images = tf.add(tf.mul(spots, 2), tf.randomNormal([64, 8, 8, 1], 0, 1, 'float32', 7));

const model = tf.sequential({
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
const { history } = await model.fit(images, corners, { epochs: 12, batchSize: 16, verbose: 0 });
const accuracy = Number(history['acc']?.at(-1));
console.log(`${(100 * accuracy).toFixed(0)} % right after 12 epochs`);
assert.ok(accuracy > 0.9);

// However the optimizer moved it, the kernel was forced back to unit magnitude at the start of each step.
const kernel = model.getWeights()[0] as tf.Tensor4D;
const moved = tf.max(tf.abs(tf.sub(weightNorm(kernel), kernel))).dataSync()[0] ?? Number.NaN;
assert.ok(moved < 0.2, `one step away from its normalised self, got ${moved}`);

// Saved and loaded like any other model; the classes are made known first.
let saved: tf.io.ModelArtifacts = {};
await model.save(
  tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  }),
);
registerMpLayers();
const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved));
const difference = tf.max(tf.abs(tf.sub(loaded.predict(images) as tf.Tensor, model.predict(images) as tf.Tensor)));
assert.equal(difference.dataSync()[0], 0);
console.log('saved, loaded, the same predictions');
