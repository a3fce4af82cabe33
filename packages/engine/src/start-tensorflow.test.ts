import '@tensorflow/tfjs';
import { startEngine } from '@edm2/engine';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';

/** The only reason not to run. */
const absent = await startEngine('tensorflow').then(
  () => undefined,
  (error: unknown) => {
    if (error instanceof Error && /got none\. Run: npx tfjs-libtensorflow install/.test(error.message))
      return "TensorFlow's C library is not installed: npx tfjs-libtensorflow install";
    throw error;
  },
);

describe.skipIf(absent !== undefined)(absent === undefined ? 'libtensorflow' : `skipped: ${absent}`, () => {
  test('auto takes it for large networks and leaves small ones to ONNX Runtime', async () => {
    const report = await startEngine('auto', { parameters: 16_600_000 });
    expect(report).toMatchObject({ name: 'tensorflow', backend: 'tensorflow', device: 'CPU' });
    expect(report.engine?.precisions).toContain('bfloat16');
    const y = jit((x: tf.Tensor) => tf.square(x), report.engine ? { engine: report.engine } : {})(tf.tensor1d([3]));
    expect(Array.from(y.dataSync())).toEqual([9]);
    expect((await startEngine('auto', { parameters: 50_000 })).name).toBe('onnxruntime');
    expect((await startEngine('auto', { parameters: 16_600_000, work: 'sampling' })).name).toBe('onnxruntime');
  });
});
