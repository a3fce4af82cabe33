import '@tensorflow/tfjs';
import { type Engine, jit, toOnnx } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('jit: trees in and out, with every option; its values on engines are tested with the engines', () => {
  const fn = (tree: { x: tf.Tensor }) => ({ y: [tf.mul(tree.x, 2)] });
  const given = { x: tf.tensor1d([1, 2]) };
  const plain = jit(fn, { donate: [0], precision: 'float32' });
  expect([...(plain(given).y[0] as tf.Tensor).dataSync()]).toEqual([2, 4]);
  expect(given.x.isDisposed).toBe(true);
  expect(plain.cacheSize).toBe(0);
  plain.dispose();

  const asked: string[] = [];
  const engine: Engine = {
    name: 'recorder',
    backend: 'cpu',
    format: 'onnx',
    compile: ({ format }) => {
      asked.push(format);
      throw new Error('recorded');
    },
  };
  const compiled = jit(fn, { engine, precision: 'float32' });
  expect(() => compiled({ x: tf.tensor1d([1]) })).toThrow('recorded');
  expect(asked).toEqual(['onnx']);
  expect(compiled.explain({ args: [{ x: tf.tensor1d([1]) }] })).toContain('Multiply');
});

test('toOnnx: a file, inputs and outputs named', () => {
  const model = toOnnx((x: tf.Tensor) => tf.square(x), [tf.ones([2])], { inputNames: ['in'], outputNames: ['out'] });
  expect(model).toBeInstanceOf(Uint8Array);
  expect(new TextDecoder('latin1').decode(model)).toMatch(/in.*out/s);
});
