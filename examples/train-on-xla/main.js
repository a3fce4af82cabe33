// denoise.js, which knows of nothing, on XLA by three lines; beside it the same on TensorFlow.js's own backend and on the other engines.
import assert from 'node:assert/strict';
import { jit } from '@edm2/tfjs-jit';
import { startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import { startXla } from '@edm2/tfjs-xla';
import * as tf from '@tensorflow/tfjs';
import { train } from './denoise.js';

const STEPS = 40;

await tf.setBackend('cpu');
const plain = train(3);
console.log(`TensorFlow.js, op by op on its cpu backend: ${plain.ms.toFixed(1)} ms a step`);

try {
  await startXla(); // 1: the GPU's plugin where there is one, else the CPU's
  await tf.setBackend('xla'); // 2
  report('XLA', train(STEPS, jit)); // 3: jit, so that loss and gradients are one program
} catch (error) {
  if (!/tfjs-xla install/.test(error.message)) throw error;
  console.log('XLA: skipped, not installed: npx tfjs-xla install');
}

await startOnnxRuntime();
await tf.setBackend('onnxruntime');
report('ONNX Runtime', train(STEPS, jit));

try {
  await startLibtensorflow();
  await tf.setBackend('tensorflow');
  report('libtensorflow', train(STEPS, jit));
} catch (error) {
  if (!/tfjs-libtensorflow install/.test(error.message)) throw error;
  console.log('libtensorflow: skipped, not installed: npx tfjs-libtensorflow install');
}
process.exit(0); // engines keep threads

/** Prints a way's time, and holds its first losses against those of the plain way. */
function report(name, { losses, ms }) {
  const [first, last] = [losses[0], losses.at(-1)];
  console.log(
    `${name}, compiled: ${ms.toFixed(1)} ms a step (${(plain.ms / ms).toFixed(0)}×), loss ${first.toFixed(3)} → ${last.toFixed(3)}`,
  );
  for (const [step, loss] of plain.losses.entries())
    assert.ok(Math.abs(losses[step] - loss) < 1e-4, `step ${step}: ${losses[step]}, not ${loss}`);
  assert.ok(last < 0.6 * first, `expected the network to learn, got losses ${losses}`);
}
