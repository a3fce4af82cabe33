import { draw } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { compare } from './compare.js';
import { describeEngines } from './engines.js';
import { tensorflowGraph } from './tensorflow-graph.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const LARGE = [3, 3, 64, 48]; // past where the compiler takes other kernels

const finiteOrZero = (x: tf.Tensor): tf.Tensor => tf.where(tf.isFinite(x), x, tf.zerosLike(x));

/** A large tensor with some of its elements replaced. */
function spoilt(values: readonly number[]): tf.Tensor {
  const data = Float32Array.from(draw(1, LARGE).dataSync());
  values.forEach((value, i) => {
    data[1000 * i + 17] = value;
  });
  return tf.tensor(data, LARGE);
}

describeEngines('large tensors that are only looked at', (engine) => {
  it.each<[string, number[]]>([
    ['nothing else than numbers', []],
    ['NaN and both infinities', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['one infinity', [Number.POSITIVE_INFINITY]],
    ['numbers whose squares are infinite', [3e38, -1e30]],
    ['both', [3e38, Number.NaN]],
  ])('keep their numbers and lose the rest: %s', (_, values) => {
    const x = spoilt(values);
    const compiled = jit(finiteOrZero, { engine: engine() });
    const kept = compiled(x);
    expect(kept.dataSync()).toEqual(x.dataSync().map((value) => (Number.isFinite(value) ? value : 0)));
    tf.dispose([x, kept]);
    compiled.dispose();
  });

  it.each([[[0, 1, 2]], [[3]], [[0, 3]]])('have their mean square over axes %s', (axes) => {
    const norms = (x: tf.Tensor) => [tf.mean(tf.square(x), axes, true), tf.sqrt(tf.mean(tf.square(x), axes))];
    expect(compare(engine(), norms, [draw(2, LARGE)])).toBeLessThan(2e-6);
  });
});

it('are not written a second time for that, for TensorFlow', () => {
  const written = (fn: (x: tf.Tensor) => tf.Tensor): string => tensorflowGraph(fn, [draw(1, LARGE)]).text;
  expect(written(finiteOrZero)).toMatch(/L2Loss[\s\S]*Switch[\s\S]*Merge/);
  expect(written((x) => tf.mean(tf.square(x), [3]))).toContain('EuclideanNorm');
  // A square that somebody else needs is there anyway.
  expect(written((x) => tf.add(tf.square(x), tf.mean(tf.square(x), [3], true)))).not.toContain('EuclideanNorm');
});
