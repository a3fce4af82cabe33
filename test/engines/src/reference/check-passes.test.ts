import { readdirSync } from 'node:fs';
import { draw } from '@edm2/test-support';
import { type Data, type Graph, PASSES, type Pass, traceFunction } from '@edm2/tfjs-jit/graph';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkPasses, passed } from './check-passes.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const dataOf = (tensors: readonly tf.Tensor[]): Data[] => tensors.map((tensor) => tensor.dataSync() as Data);

/** Files of passes that are none: what runs them, what lists them, and what changes numbers on purpose. */
const NO_PASSES = ['simplify', 'table', 'reduce-precision'];

/** Functions that give each pass something to do. */
const W = tf.tidy(() => tf.fill([3, 4], 0.5));
const CASES: Readonly<
  Record<string, readonly [(...xs: tf.Tensor[]) => tf.Tensor | tf.Tensor[], readonly tf.Tensor[]]>
> = {
  removeEmptyTensors: [(x) => tf.concat([x, tf.zeros([0, 3])]), [draw(1, [2, 3])]],
  removeDeadCode: [(x) => [tf.exp(x), tf.neg(x)].slice(1), [draw(2, [2, 3])]],
  mergeCommonSubexpressions: [(x) => tf.add(tf.exp(x), tf.exp(x)), [draw(3, [2, 3])]],
  exactSlopes: [(x) => [tf.sub(tf.onesLike(x), tf.sigmoid(x)), tf.grad((t) => tf.tanh(t))(x)], [draw(4, [5])]],
  foldConstants: [(x) => tf.matMul(x as tf.Tensor2D, tf.softmax(W) as tf.Tensor2D), [draw(5, [2, 3])]],
  mergeScales: [
    (x, s, t) => tf.mul(tf.mul(x, s as tf.Tensor), t as tf.Tensor),
    [draw(6, [8, 8]), tf.scalar(3), tf.scalar(0.3)],
  ],
  shareMeanSquares: [
    (x, s) => [tf.mean(tf.square(x), [1], true), tf.mean(tf.square(tf.mul(x, s as tf.Tensor)), [1], true)],
    [draw(7, [4, 6]), draw(8, [4, 1])],
  ],
  recogniseUpsampling: [
    (x) => {
      const pixels = tf.reshape(x, [8, 3]);
      const rows = tf.reshape(tf.concat([pixels, pixels], 1), [2, 24]);
      return tf.reshape(tf.concat([rows, rows], 1), [1, 4, 8, 3]);
    },
    [draw(9, [1, 2, 4, 3])],
  ],
  shrinkUniformOperands: [(x) => tf.where(tf.greater(x, 0), x, tf.zerosLike(x)), [draw(10, [2, 3])]],
};

describe('passes', () => {
  it('are all in the table that the reference engine checks, and each has a case here', () => {
    const files = readdirSync(new URL('../../../../packages/tfjs-jit/src/passes', import.meta.url))
      .filter((file) => !file.endsWith('.test.ts'))
      .map((file) => file.replace('.ts', ''));
    expect(files.filter((file) => !NO_PASSES.includes(file))).toHaveLength(Object.keys(PASSES).length);
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(PASSES).sort());
  });

  it.each(Object.entries(CASES))('%s changes its graph, and nothing that it computes', (name, [fn, inputs]) => {
    const { traced } = traceFunction(fn as never, inputs);
    const changed = passed(traced);
    expect(changed.map((one) => one.name)).toContain(name);
    checkPasses(traced, dataOf(inputs), changed);
  });

  it('that change something are named, with the output', () => {
    const wrong: Pass = (graph: Graph) => ({
      ...graph,
      nodes: graph.nodes.map((node) => (node.kernel === 'Exp' ? { ...node, kernel: 'Expm1' } : node)),
    });
    const x = draw(11, [3]);
    const { traced } = traceFunction((t: tf.Tensor) => [tf.neg(t), tf.exp(t)], [x]);
    expect(() => checkPasses(traced, dataOf([x]), passed(traced, { wrong }))).toThrow(
      /reference: expected wrong to leave output 1 as it was, got one off by/,
    );
  });
});
