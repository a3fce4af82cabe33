// The program as it was, before XLA: a convolutional network that learns to take noise off images. Nothing here knows of compiling.
import * as tf from '@tensorflow/tfjs';

const SIDE = 16;

/** Discs of random place and size, `[count, 16, 16, 1]`, and the same under noise. */
function discs(count, seed) {
  return tf.tidy(() => {
    const axis = tf.linspace(0, 1, SIDE);
    const [x, y, r] = tf
      .split(tf.randomUniform([count, 3, 1, 1], 0.2, 0.8, 'float32', seed), 3, 1)
      .map((part) => tf.squeeze(part, [1]));
    const dx = tf.square(tf.sub(tf.reshape(axis, [1, 1, SIDE]), x));
    const dy = tf.square(tf.sub(tf.reshape(axis, [1, SIDE, 1]), y));
    const clean = tf.expandDims(tf.cast(tf.less(tf.add(dx, dy), tf.mul(0.2, tf.square(r))), 'float32'), 3);
    return { clean, noisy: tf.add(clean, tf.randomNormal(clean.shape, 0, 0.5, 'float32', seed + 1)) };
  });
}

function network() {
  const conv = (filters, activation, more) =>
    tf.layers.conv2d({
      filters,
      kernelSize: 3,
      padding: 'same',
      activation,
      kernelInitializer: tf.initializers.glorotNormal({ seed: filters }),
      ...more,
    });
  return tf.sequential({
    layers: [conv(8, 'relu', { inputShape: [SIDE, SIDE, 1] }), conv(12, 'relu'), conv(1)],
  });
}

/**
 * Trains the network.
 *
 * @param steps - how many.
 * @param compile - what to make of the function that computes loss and gradients; nothing, as the program was.
 * @returns losses, and the median time of a step in milliseconds.
 */
export function train(steps, compile = (fn) => fn) {
  const model = network();
  const weights = model.trainableWeights.map((weight) => weight.read());
  const gradients = compile((noisy, clean) =>
    tf.variableGrads(() => tf.losses.meanSquaredError(clean, model.apply(noisy)), weights),
  );
  const optimizer = tf.train.momentum(0.05, 0.9);
  const losses = [];
  const times = [];
  for (let step = 0; step < steps; step++) {
    const { clean, noisy } = discs(8, 2 * step);
    const started = performance.now();
    const { value, grads } = gradients(noisy, clean);
    optimizer.applyGradients(grads);
    losses.push(value.dataSync()[0]);
    times.push(performance.now() - started);
    tf.dispose([value, grads, clean, noisy]);
  }
  model.dispose();
  return { losses, ms: times.sort((a, b) => a - b)[times.length >> 1] };
}
