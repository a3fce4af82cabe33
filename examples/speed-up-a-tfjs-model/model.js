// A model and its data as anybody would write them with tf.layers: nothing here knows of compiling.
import * as tf from '@tensorflow/tfjs';

const SIDE = 16;
const CLASSES = 4;

/** Stripes at one of four angles, with noise: images `[count, 16, 16, 1]` and their classes, one-hot. */
export function stripes(count, seed) {
  const values = tf.tidy(() => tf.randomUniform([count, 2], 0, 1, 'float32', seed).arraySync());
  const pixels = new Float32Array(count * SIDE * SIDE);
  values.forEach(([phase, frequency], i) => {
    const angle = ((i % CLASSES) * Math.PI) / CLASSES;
    const step = 0.6 + 0.6 * frequency;
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++)
        pixels[(i * SIDE + y) * SIDE + x] = Math.sin(
          step * (x * Math.cos(angle) + y * Math.sin(angle)) + 2 * Math.PI * phase,
        );
  });
  return tf.tidy(() => ({
    images: tf.add(
      tf.tensor4d(pixels, [count, SIDE, SIDE, 1]),
      tf.randomNormal([count, SIDE, SIDE, 1], 0, 0.7, 'float32', seed + 1),
    ),
    labels: tf.oneHot(
      Array.from({ length: count }, (_, i) => i % CLASSES),
      CLASSES,
    ),
  }));
}

/** A small convolutional classifier; the same weights every time. */
export function classifier() {
  const kernelInitializer = () => tf.initializers.glorotNormal({ seed: 1 });
  const conv = (filters, more) =>
    tf.layers.conv2d({
      filters,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      kernelInitializer: kernelInitializer(),
      ...more,
    });
  return tf.sequential({
    layers: [
      conv(8, { inputShape: [SIDE, SIDE, 1] }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      conv(16),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      conv(16),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: CLASSES, activation: 'softmax', kernelInitializer: kernelInitializer() }),
    ],
  });
}
