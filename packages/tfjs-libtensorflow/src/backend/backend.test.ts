import '@tensorflow/tfjs';
import { startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { installed, named } from '../installed.test-support.js';
import type { LibtensorflowBackend } from './backend.js';

describe.skipIf(installed === undefined)(named('the TensorFlow.js backend tensorflow'), () => {
  let handles: number;
  beforeAll(async () => {
    await startLibtensorflow({ device: 'cpu', threads: 2 });
    await tf.setBackend('tensorflow');
  });
  const backend = () => tf.backend() as unknown as LibtensorflowBackend;
  beforeEach(() => {
    handles = backend().runtime.handles;
    tf.engine().startScope();
  });
  afterEach(() => {
    tf.engine().endScope();
    expect(backend().runtime.handles).toBe(handles);
  });

  it('runs ops with gradients as cpu does', () => {
    const sum = (x: tf.Tensor) => tf.sum(tf.conv2d(x as tf.Tensor4D, tf.ones([3, 3, 2, 2]), 1, 'same'));
    const y = tf.grad(sum)(tf.ones([1, 4, 4, 2]));
    expect(Array.from(y.dataSync().slice(0, 4))).toEqual([8, 8, 12, 12]);
  });

  it('holds text, and reads it at once or later', async () => {
    const words = tf.tensor1d(['a', 'naïve', 'x'.repeat(100)]);
    expect(tf.concat([words, words]).dataSync().slice(2, 5)).toEqual(['x'.repeat(100), 'a', 'naïve']);
    expect(await tf.slice(words, [1], [1]).data()).toEqual(['naïve']);
    expect(tf.equal(words, tf.tensor1d(['a', 'b', 'c'])).dataSync()).toEqual(Uint8Array.of(1, 0, 0));
  });

  it('keeps whole numbers as they are when it rounds', () => {
    expect(tf.round(tf.tensor1d([-12345678, 3], 'int32')).dataSync()).toEqual(Int32Array.of(-12345678, 3));
    expect(tf.round(tf.tensor1d([1.5, 2.5])).dataSync()).toEqual(Float32Array.of(2, 2));
  });

  it('takes values of other backends, plain lists among them', async () => {
    await tf.setBackend('cpu');
    const [a, b] = [tf.tensor1d([1, 2]), tf.cast(tf.tensor1d([true, false], 'bool'), 'int32')];
    await tf.setBackend('tensorflow');
    expect(tf.mul(a, b).dataSync()).toEqual(Float32Array.of(1, 0));
  });

  it('reads without holding the event loop, also when the tensor is disposed meanwhile', async () => {
    const x = tf.square(tf.tensor1d([1, 2, 3]));
    const reading = x.data();
    x.dispose();
    expect(await reading).toEqual(Float32Array.of(1, 4, 9));
  });

  it('says what TensorFlow does not take', () => {
    const [a, b] = [tf.ones([2, 3]), tf.ones([2, 2])];
    expect(() => backend().executeSingleOutput('MatMul', [], [a, b])).toThrow(/running MatMul on .*INVALID_ARGUMENT/s);
  });
});

describe.skipIf(installed === undefined)(named('startLibtensorflow'), () => {
  it('gives the same engine for the same options, and refuses others in one process', async () => {
    const engine = await startLibtensorflow({ device: 'cpu', threads: 2 });
    expect(engine).toMatchObject({ name: 'libtensorflow', backend: 'tensorflow', threads: 2 });
    expect(engine.device).toMatch(/CPU:0$/);
    expect(await startLibtensorflow({ device: 'cpu', threads: 2 })).toBe(engine);
    await expect(startLibtensorflow({ device: 'cpu', threads: 1 })).rejects.toThrow(/options of the first start/);
  });
});
