// The same model trained and run op by op, then compiled on each engine. Only `compile`, below, differs.
import assert from 'node:assert/strict';
import { jit } from '@edm2/tfjs-jit';
import { startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import * as tf from '@tensorflow/tfjs';
import { classifier, stripes } from './model.js';

const BATCH = 16;
const STEPS = 60;

/** Trains the model, then asks it about images that it has not seen; `compile` gets its two functions. */
function trainAndRun(compile) {
  const model = classifier();
  const weights = model.trainableWeights.map((weight) => weight.read());
  const predict = compile((images) => model.apply(images));
  const gradients = compile((images, labels) =>
    tf.variableGrads(() => tf.mean(tf.metrics.categoricalCrossentropy(labels, model.apply(images))), weights),
  );

  const optimizer = tf.train.adam(0.01);
  const losses = [];
  const stepTimes = [];
  for (let step = 0; step < STEPS; step++) {
    const { images, labels } = stripes(BATCH, 2 * step);
    const started = performance.now();
    const { value, grads } = gradients(images, labels);
    optimizer.applyGradients(grads);
    losses.push(value.dataSync()[0]);
    stepTimes.push(performance.now() - started);
    tf.dispose([value, grads, images, labels]);
  }

  const { images, labels } = stripes(BATCH, 1001);
  const runTimes = [];
  let right = 0;
  for (let i = 0; i < 30; i++) {
    const started = performance.now();
    const guesses = predict(images);
    guesses.dataSync();
    runTimes.push(performance.now() - started);
    right = tf.tidy(() => tf.mean(tf.equal(tf.argMax(guesses, 1), tf.argMax(labels, 1))).dataSync()[0]);
    guesses.dispose();
  }
  // The first calls compile and warm up: the median leaves them out.
  return { losses, right, step: median(stepTimes), run: median(runTimes) };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

await tf.setBackend('cpu');
const plain = trainAndRun((fn) => fn);
report('op by op, cpu backend', plain);
assert.ok(plain.right > 0.9, `expected the model to learn, got ${plain.right}`);

await startOnnxRuntime(); // 1
await tf.setBackend('onnxruntime'); // 2
report('compiled, ONNX Runtime', trainAndRun(jit)); // 3: jit instead of nothing

try {
  await startLibtensorflow();
  await tf.setBackend('tensorflow');
  report('compiled, libtensorflow', trainAndRun(jit));
} catch (error) {
  if (!/tfjs-libtensorflow install/.test(error.message)) throw error;
  console.log('compiled, libtensorflow: not installed, npx tfjs-libtensorflow install');
}
process.exit(0); // engines keep threads

/** Prints a way's times, and holds its losses against those of the plain way. */
function report(name, { losses, right, step, run }) {
  const times = (ms, base) => `${ms.toFixed(2)} ms${ms === base ? '' : ` (${(base / ms).toFixed(0)}×)`}`;
  console.log(
    `${name}: a training step ${times(step, plain.step)}, a prediction ${times(run, plain.run)}, ` +
      `loss ${losses[0].toFixed(3)} → ${losses.at(-1).toFixed(3)}, ${(100 * right).toFixed(0)} % right`,
  );
  // Rounding differs in the last digit and training amplifies it, so the early steps say whether it is the same computation.
  for (let i = 0; i < 5; i++) assert.ok(Math.abs(losses[i] - plain.losses[i]) < 1e-3, `step ${i}: ${losses[i]}`);
}
