import { draw } from '@edm2/test-support';
import { type CompiledModel, type Engine, jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { compare } from './compare.js';
import { describeEngines } from './engines.js';

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

/** Names of the nodes of the graph that an engine is given, as text. */
function written(engine: Engine, fn: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): string {
  let graph = '';
  const spy = {
    ...engine,
    compile(model: CompiledModel) {
      graph = model.format === 'tensorflow' ? Buffer.from(model.graphDef).toString('latin1') : '';
      return engine.compile(model as never);
    },
  } as Engine;
  const compiled = jit(fn, { engine: spy });
  compiled(x).dispose();
  compiled.dispose();
  return graph;
}

describeEngines('large tensors that are only looked at', (engine, name) => {
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

  if (name === 'libtensorflow')
    it('are not written a second time for that', () => {
      expect(written(engine(), finiteOrZero, draw(1, LARGE))).toMatch(/L2Loss[\s\S]*Switch[\s\S]*Merge/);
      const mean = (x: tf.Tensor): tf.Tensor => tf.mean(tf.square(x), [3]);
      expect(written(engine(), mean, draw(1, LARGE))).toContain('EuclideanNorm');
      // A square that somebody else needs is there anyway.
      const both = (x: tf.Tensor): tf.Tensor => tf.add(tf.square(x), tf.mean(tf.square(x), [3], true));
      expect(written(engine(), both, draw(1, LARGE))).not.toContain('EuclideanNorm');
    });
});
