import '@tensorflow/tfjs'; // registers the gradients
import { draw, relativeError } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeEngines } from './engines.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const TRAINED = ['first', 'second', 'dense', 'gain', 'label'] as const;

/** A small network with everything that rounding could hurt: loss and gradients by name. */
function gradients(x: tf.Tensor, onehot: tf.Tensor, ...weights: tf.Tensor[]): Record<string, tf.Tensor> {
  const loss = (...[first, second, dense, gain, label]: tf.Tensor[]): tf.Scalar => {
    const scaled = (w: tf.Tensor | undefined): tf.Tensor4D => tf.mul(w as tf.Tensor4D, 0.1);
    const y = tf.relu(tf.conv2d(x as tf.Tensor4D, scaled(first), 1, 'same'));
    const z = tf.conv2d(y as tf.Tensor4D, scaled(second), 2, 'same');
    const embedded = tf.matMul(onehot, label as tf.Tensor);
    const shifted = tf.add(tf.mul(z, gain as tf.Tensor), tf.reshape(embedded, [8, 1, 1, 16]));
    const logits = tf.matMul(tf.reshape(tf.sigmoid(shifted), [128, 64]), dense as tf.Tensor);
    return tf.mean(tf.square(logits)) as tf.Scalar;
  };
  const { value, grads } = tf.valueAndGrads(loss)(weights);
  return { loss: value, ...Object.fromEntries(TRAINED.map((name, i) => [name, grads[i] as tf.Tensor])) };
}

const inputs = (): tf.Tensor[] => [
  draw(1, [8, 16, 16, 4]),
  tf.oneHot(draw(2, [8], { below: 5 }) as tf.Tensor1D, 5, 1, 0, 'float32'),
  draw(3, [3, 3, 4, 24]),
  draw(4, [3, 3, 24, 16]),
  draw(5, [64, 96]),
  tf.scalar(0.7),
  draw(6, [5, 16]),
];

describeEngines('16-bit arithmetic', (engine, name) => {
  if (!['libtensorflow', 'xla'].includes(name)) {
    it('is refused, before anything is traced', () => {
      const compiled = jit(gradients, { engine: engine(), precision: 'bfloat16' });
      expect(() => compiled(...(inputs() as Parameters<typeof gradients>))).toThrow(
        /expected precision 'float32' on \w+, got 'bfloat16'.*take an engine that has it/,
      );
    });
    return;
  }

  // Operands are rounded by up to 2^-9 and 2^-12; the first filter's gradient passes three of them, and a ReLU whose input
  // may round across 0. Measured: 2.1e-2 and 4.2e-3 for that filter, less for every other tensor.
  describe.each([
    ['bfloat16', 4e-2],
    ['float16', 1e-2],
  ] as const)('%s', (precision, bound) => {
    it('has gradients near those of float32, and not equal to them', () => {
      const args = inputs() as Parameters<typeof gradients>;
      const [exact, rounded] = (['float32', precision] as const).map((kind) => {
        const compiled = jit(gradients, { engine: engine(), precision: kind });
        const made = Object.entries(compiled(...args)).map(([key, tensor]) => [key, tensor.dataSync()] as const);
        compiled.dispose();
        return Object.fromEntries(made);
      });
      const errors = Object.entries(exact ?? {}).map(([key, values]) => [
        key,
        relativeError(rounded?.[key] ?? [], values),
      ]);
      for (const [key, error] of errors) expect(error, `${precision} ${key}`).toBeLessThan(bound);
      expect(Math.max(...errors.map(([, error]) => Number(error)))).toBeGreaterThan(bound / 100);
    });

    it('leaves reductions, sums and small products alone', () => {
      const fn = (x: tf.Tensor, w: tf.Tensor) => [tf.sum(x, 0), tf.mul(x, x), tf.matMul(x, w)];
      const [x, w] = [draw(7, [4, 300]), draw(8, [300, 200])];
      const [exact, rounded] = (['float32', precision] as const).map((kind) => {
        const compiled = jit(fn, { engine: engine(), precision: kind });
        const made = compiled(x, w).map((tensor) => tensor.dataSync());
        compiled.dispose();
        return made;
      });
      expect(rounded).toEqual(exact);
    });

    it('keeps and updates state in float32', () => {
      const step = (w: tf.Tensor, x: tf.Tensor) => tf.sub(w, tf.mul(tf.matMul(x, w), 1e-6));
      const compiled = jit(step, { engine: engine(), precision, donate: [0] });
      const [w, x] = [draw(9, [128, 128]), draw(10, [128, 128])];
      const before = Float32Array.from(w.dataSync());
      const change = relativeError(compiled(w, x).dataSync(), before);
      // 1e-5 of the weight is far below the last digit of either 16-bit format, which would round it by 1e-4 or more.
      expect(change).toBeGreaterThan(5e-6);
      expect(change).toBeLessThan(2e-5);
      compiled.dispose();
    });
  });
});
