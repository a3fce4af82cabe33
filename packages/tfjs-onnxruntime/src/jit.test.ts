import { type Engine, jit } from '@edm2/tfjs-jit';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

let engine: Engine;
beforeAll(async () => {
  await tf.setBackend('cpu');
  engine = await startOnnxRuntime({ threads: 2 });
});

const close = (actual: tf.Tensor, expected: tf.Tensor, tolerance = 1e-5): void => {
  expect(actual.shape).toEqual(expected.shape);
  const a = actual.dataSync();
  const e = expected.dataSync();
  const scale = Math.max(1e-6, ...e.map(Math.abs));
  let worst = 0;
  e.forEach((x, i) => {
    worst = Math.max(worst, Math.abs((a[i] as number) - x) / scale);
  });
  expect(worst).toBeLessThan(tolerance);
};

describe('jit on ONNX Runtime', () => {
  it('runs a small function with gradients as cpu does', () => {
    const loss = (w: tf.Tensor4D, x: tf.Tensor4D): tf.Scalar => {
      const y = tf.sigmoid(tf.conv2d(x, w, 1, 'same'));
      return tf.sum(tf.square(tf.mean(y, [1, 2]))) as tf.Scalar;
    };
    const step = (params: { w: tf.Tensor4D }, x: tf.Tensor4D) => {
      const { value, grads } = tf.valueAndGrads((w, y) => loss(w as tf.Tensor4D, y as tf.Tensor4D))([params.w, x]);
      return { loss: value, w: tf.sub(params.w, tf.mul(grads[0] as tf.Tensor, 0.1)), dx: grads[1] as tf.Tensor };
    };
    for (const size of [4, 16, 32]) {
      const w = tf.randomNormal<tf.Rank.R4>([3, 3, 3, 5], 0, 1, 'float32', 1);
      const x = tf.randomNormal<tf.Rank.R4>([2, size, size, 3], 0, 1, 'float32', 2);
      const expected = step({ w }, x);
      const before = tf.memory().numTensors;
      const compiled = jit(step, { engine, donate: [0] });
      let actual = compiled({ w: w.clone() }, x);
      close(actual.loss, expected.loss);
      close(actual.dx, expected.dx);
      close(actual.w, expected.w);
      const second = tf.tidy(() => step({ w: expected.w as tf.Tensor4D }, x));
      actual = compiled({ w: actual.w as tf.Tensor4D }, x);
      close(actual.w, second.w);
      expect(compiled.cacheSize).toBe(1);
      expect(tf.memory().numTensors).toBe(before + 2 + 3 + 3);
      compiled.dispose();
    }
  });
});
