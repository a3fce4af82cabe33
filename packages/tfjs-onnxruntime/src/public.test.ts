import '@tensorflow/tfjs';
import { jit } from '@edm2/tfjs-jit';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

test('every public name does what the reference says', async () => {
  const engine = await startOnnxRuntime({ threads: 1 });
  expect(engine).toMatchObject({ name: 'onnxruntime', backend: 'onnxruntime' });
  // Registered as a backend, and what jit takes, named or current.
  expect(await tf.setBackend('onnxruntime')).toBe(true);
  expect(tf.add(tf.scalar(1), 2).dataSync()[0]).toBe(3);
  for (const options of [{ engine }, {}]) {
    const compiled = jit((x: tf.Tensor) => tf.exp(x), options);
    expect(compiled(tf.scalar(0)).dataSync()[0]).toBe(1);
    expect(compiled.cacheSize).toBe(1);
    expect(compiled.explain()).toContain('Exp');
    compiled.dispose();
    expect(compiled.cacheSize).toBe(0);
  }
});
