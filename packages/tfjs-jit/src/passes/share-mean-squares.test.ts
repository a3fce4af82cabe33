import '@tensorflow/tfjs';
import { relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateGraph } from '../graph/evaluate.js';
import { graphOf, kernels } from '../testing/graphs.test-support.js';
import { removeDeadCode } from './dead-code.js';
import { shareMeanSquares } from './share-mean-squares.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const meanSquare = (x: tf.Tensor, axes = [0, 1]): tf.Tensor => tf.mean(tf.square(x), axes, true);
const W = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i + 1));
const means = (graph: Parameters<typeof kernels>[0]): number => kernels(graph).filter((name) => name === 'Mean').length;

describe('shareMeanSquares', () => {
  it('takes the mean square of a normalised weight from that of the weight', () => {
    const graph = graphOf(
      (w: tf.Tensor) => {
        const normalised = tf.mul(w, tf.reciprocal(tf.add(tf.sqrt(meanSquare(w)), 1e-4)));
        return [normalised, meanSquare(normalised)];
      },
      [tf.tensor(W, [2, 3, 4])],
    );
    const shared = removeDeadCode(shareMeanSquares(graph));
    expect([means(graph), means(shared)]).toEqual([2, 1]);
    const [before, after] = [evaluateGraph(graph, [W]), evaluateGraph(shared, [W])];
    before.forEach((values, i) => void expect(relativeError(after[i] ?? [], values)).toBeLessThan(1e-6));
  });

  it.each<[string, (w: tf.Tensor) => tf.Tensor[]]>([
    ['a scale that varies along the axes', (w) => [meanSquare(w), meanSquare(tf.mul(w, tf.sum(w, 0, true)))]],
    ['other axes', (w) => [meanSquare(w, [0]), meanSquare(tf.mul(w, tf.max(w, [0, 1], true)))]],
    ['a tensor whose own mean nobody needs', (w) => [meanSquare(tf.mul(w, tf.max(w, [0, 1], true)))]],
  ])('leaves alone %s', (_, fn) => {
    const graph = graphOf(fn as (...xs: never[]) => unknown, [tf.tensor(W, [2, 3, 4])]);
    expect(kernels(shareMeanSquares(graph))).toEqual(kernels(graph));
  });
});
