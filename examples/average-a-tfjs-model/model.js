import * as tf from '@tensorflow/tfjs';

/** A small network that learns a curve from noisy points. */
export function createModel() {
  const model = tf.sequential();
  const kernelInitializer = (seed) => tf.initializers.glorotNormal({ seed });
  model.add(
    tf.layers.dense({ inputShape: [1], units: 32, activation: 'tanh', kernelInitializer: kernelInitializer(1) }),
  );
  model.add(tf.layers.dense({ units: 1, kernelInitializer: kernelInitializer(2) }));
  model.compile({ optimizer: tf.train.sgd(0.3), loss: 'meanSquaredError' });
  return model;
}

const curve = (x) => tf.sin(tf.mul(x, 3));

/** Points to learn from, with noise. */
export function noisyPoints(count, seed) {
  const x = tf.randomUniform([count, 1], -1, 1, 'float32', seed);
  return { x, y: tf.add(curve(x), tf.randomNormal([count, 1], 0, 0.7, 'float32', seed + 1)) };
}

/** How far a model is from the curve itself: the mean squared error without noise. */
export function errorOf(model) {
  return tf.tidy(() => {
    const x = tf.linspace(-1, 1, 201).reshape([201, 1]);
    return tf.losses.meanSquaredError(curve(x), model.predict(x)).dataSync()[0];
  });
}
