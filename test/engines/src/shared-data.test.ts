import '@tensorflow/tfjs';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeEngines } from './engines.js';

beforeEach(async () => {
  await tf.setBackend('cpu');
  tf.engine().startScope();
});
afterEach(() => tf.engine().endScope());

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());

/** On cpu, casts to a wider type and reshapes share the data of what they are made from. */
const shared = () => {
  const whole = tf.tensor1d([1, 2, 3, 4], 'int32');
  const bool = tf.tensor1d([true, false, true, true], 'bool');
  return {
    whole,
    float: tf.cast(whole, 'float32'),
    square: tf.reshape(tf.cast(whole, 'float32'), [2, 2]) as tf.Tensor2D,
    fromBool: tf.cast(bool, 'float32'),
    bool,
  };
};

describeEngines('tensors that share their data', (engine) => {
  it('come in with their own type and shape', () => {
    const { whole, float, square, fromBool, bool } = shared();
    const compiled = jit(
      (xs: Record<string, tf.Tensor>) => ({
        half: tf.mul(xs['float'] as tf.Tensor, 0.5),
        product: tf.matMul(xs['square'] as tf.Tensor2D, xs['square'] as tf.Tensor2D),
        masked: tf.mul(xs['fromBool'] as tf.Tensor, 1.5),
        more: tf.add(xs['whole'] as tf.Tensor, tf.scalar(1, 'int32')),
        not: tf.logicalNot(xs['bool'] as tf.Tensor),
      }),
      { engine: engine() },
    );
    for (let run = 0; run < 2; run++) {
      const { half, product, masked, more, not } = compiled({ whole, float, square, fromBool, bool });
      expect(values(half)).toEqual([0.5, 1, 1.5, 2]);
      expect(values(product)).toEqual([7, 10, 15, 22]);
      expect(values(masked)).toEqual([1.5, 0, 1.5, 1.5]);
      expect(values(more)).toEqual([2, 3, 4, 5]);
      expect(values(not)).toEqual([0, 1, 0, 0]);
    }
    compiled.dispose();
  });

  it('are closed over with their own type and shape, together, in any order', async () => {
    for (const backend of ['cpu', engine().backend]) {
      await tf.setBackend(backend);
      const { whole, float, square, fromBool, bool } = shared();
      const column = tf.expandDims(float, 1);
      const row = tf.expandDims(float, 0);
      const views = [whole, float, square, column, row, fromBool, bool];
      const one = tf.scalar(1);
      for (const [i, first] of views.entries()) {
        for (const second of views.slice(i + 1)) {
          const fn = (x: tf.Tensor): tf.Tensor[] =>
            [first, second, first].flatMap((view) => [
              tf.add(view, x),
              tf.sum(tf.cast(view, 'float32'), 0),
              tf.logicalNot(tf.cast(view, 'bool')),
            ]);
          const compiled = jit(fn, { engine: engine() });
          const expected = fn(one);
          compiled(one).forEach((tensor, n) => {
            expect(tensor.shape).toEqual(expected[n]?.shape);
            expect(tensor.dtype).toBe(expected[n]?.dtype);
            expect(values(tensor)).toEqual(values(expected[n] as tf.Tensor));
          });
          compiled.dispose();
        }
      }
    }
  });

  it('come in so too when a compiled function made the data', async () => {
    await tf.setBackend(engine().backend);
    const count = jit((x: tf.Tensor) => tf.add(x, tf.scalar(1, 'int32')), { engine: engine() });
    const whole = count(tf.tensor1d([1, 2, 3, 4], 'int32'));
    const float = tf.cast(whole, 'float32');
    const half = jit((x: tf.Tensor) => tf.mul(x, 0.5), { engine: engine() });
    expect(values(half(float))).toEqual([1, 1.5, 2, 2.5]);
    expect(values(count(whole))).toEqual([3, 4, 5, 6]);
    count.dispose();
    half.dispose();
  });

  it('are what single ops of the engine’s backend take', async () => {
    const { float, square, fromBool, whole } = shared();
    await tf.setBackend(engine().backend);
    expect(values(tf.mul(float, 0.5))).toEqual([0.5, 1, 1.5, 2]);
    expect(values(tf.matMul(square, square))).toEqual([7, 10, 15, 22]);
    expect(values(tf.add(fromBool, float))).toEqual([2, 2, 4, 5]);
    expect(values(tf.add(whole, whole))).toEqual([2, 4, 6, 8]);
  });
});
