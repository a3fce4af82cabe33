import '@tensorflow/tfjs';
import { jit, toOnnx } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('jit without an engine', () => {
  it('runs the function in a tidy: same numbers, nothing left over, trees in and out', () => {
    const fn = ({ a, list }: { a: tf.Tensor; list: [tf.Tensor, number] }, scale?: number) => ({
      sum: tf.add(tf.mul(a, list[1]), list[0]),
      nested: [{ a, scale }],
    });
    const compiled = jit(fn);
    const a = tf.tensor1d([1, 2]);
    const b = tf.tensor1d([10, 20]);
    const before = tf.memory().numTensors;
    const { sum, nested } = compiled({ a, list: [b, 3] });
    expect([...sum.dataSync()]).toEqual([13, 26]);
    expect(nested[0]?.scale).toBeUndefined();
    expect(tf.memory().numTensors).toBe(before + 2);
    // The argument that comes back is another tensor, as it is from a compiled call.
    tf.dispose([sum, nested[0]?.a as tf.Tensor]);
    expect(a.isDisposed).toBe(false);
    expect(compiled.cacheSize).toBe(0);
    tf.dispose([a, b]);
  });

  it('disposes donated arguments, also when they come back', () => {
    const compiled = jit(
      (state: { w: tf.Tensor; kept: tf.Tensor }, x: tf.Tensor) => ({ w: tf.add(state.w, x), kept: state.kept }),
      {
        donate: [0],
      },
    );
    const state = { w: tf.scalar(1), kept: tf.scalar(5) };
    const x = tf.scalar(2);
    const next = compiled(state, x);
    expect([state.w.isDisposed, state.kept.isDisposed, x.isDisposed]).toEqual([true, true, false]);
    expect([next.w.dataSync()[0], next.kept.dataSync()[0]]).toEqual([3, 5]);
    tf.dispose([next.w, next.kept, x]);
  });

  it('refuses what it cannot do', () => {
    expect(() => jit((x: tf.Tensor) => x, { precision: 'float8' as 'float16' })).toThrow(
      /expected precision to be float32, bfloat16, float16, got 'float8'/,
    );
    expect(() => jit((x: tf.Tensor) => x, { donate: [-1] })).toThrow(
      /expected donate to list argument positions, got -1/,
    );
    expect(() => jit((x: unknown) => x)(new Float32Array(2))).toThrow(/got a Float32Array at '0'.*tf\.tensor/);
    expect(() => jit((x: unknown) => x)({ f: () => 1 })).toThrow(/got a function f at '0\.f'/);
  });

  it.each([
    [{ engine: 'onnxruntime' }, /engine to be what the start function of .*got string onnxruntime\. Leave it out/],
    [{ engine: null }, /expected engine to be.*got null/],
    [{ engine: {} }, /got an object/],
    [{ donate: 0 }, /donate to list argument positions, got number 0\. Write donate: \[0\]/],
    [{ donate: true }, /got boolean true/],
    [{ donate: 'state' }, /got string state/],
    [{ donate: ['state'] }, /got string state\. Count from 0/],
    [{ donate: [0, 1.5] }, /got 1\.5\. Count/],
    [{ donate: [Number.NaN] }, /got NaN\. Count/],
    [{ donate: [undefined] }, /got nothing\. Count/],
    [{ donated: [0] }, /options among engine, donate, precision, warn, got donated\. Did you mean donate\?/],
    [{ precision: 16 }, /float16, got number 16\. Leave it out/],
    [{ warn: true }, /warn to be a function, got boolean true/],
    ['onnxruntime', /expected an object of options, got string onnxruntime/],
    [{ engine: Promise.resolve() }, /got a promise\. Await it first/],
  ])('refuses options %o', (options, message) => {
    expect(() => jit((x: tf.Tensor) => x, options as object)).toThrow(message);
  });

  it('refuses what is no function, or one that returns a promise', () => {
    expect(() => jit({} as () => tf.Tensor)).toThrow(/jit: expected a function, got an object/);
    expect(() => jit(async (x: tf.Tensor) => x)).toThrow(/expected a synchronous function.*Await outside/);
    const later = jit((x: tf.Tensor) => Promise.resolve(x));
    expect(() => later(tf.scalar(1))).toThrow(/expected a synchronous function/);
    const two = jit((x: tf.Tensor) => x, { donate: [0, 2] });
    expect(() => two(tf.scalar(1))).toThrow(/got 1 arguments and donate \[0,2\]/);
  });

  it('says once that 16-bit arithmetic needs an engine, and computes in float32', () => {
    const said: string[] = [];
    const warn = (message: string): void => void said.push(message);
    const double = jit((x: tf.Tensor) => tf.mul(x, 2), { precision: 'bfloat16', warn });
    const x = tf.scalar(1.001);
    for (let i = 0; i < 3; i++) expect(double(x).dataSync()[0]).toBeCloseTo(2.002, 6);
    expect(said).toEqual([
      expect.stringMatching(
        /expected an engine for precision 'bfloat16', got none for backend cpu.*Start an engine that has it/,
      ),
    ]);
    jit((y: tf.Tensor) => tf.mul(y, 2), { precision: 'float32', warn })(x);
    expect(said).toHaveLength(1);
  });

  it('leaves nothing behind when the function throws', () => {
    const x = tf.scalar(1);
    const before = tf.memory().numTensors;
    expect(() =>
      jit((t: tf.Tensor) => {
        tf.add(t, 1);
        throw new Error('mine');
      })(x),
    ).toThrow('mine');
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });
});

it('still exports toOnnx, which has moved to tfjs-onnx', () => {
  const bytes = toOnnx((x: tf.Tensor) => tf.square(x), [tf.ones([2])], { inputNames: ['x'] });
  // A model of IR version 8, in protocol buffers.
  expect([...bytes.slice(0, 2)]).toEqual([8, 8]);
});
