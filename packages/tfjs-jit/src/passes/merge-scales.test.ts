import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { evaluateGraph } from '../graph/evaluate.js';
import { type Graph, sizeOf } from '../graph/graph.js';
import { graphOf, kernels } from '../testing/graphs.test-support.js';
import { removeDeadCode } from './dead-code.js';
import { mergeScales } from './merge-scales.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const image = (): tf.Tensor4D =>
  tf.tensor4d(
    Float32Array.from({ length: 128 }, (_, i) => Math.sin(i)),
    [2, 4, 4, 4],
  );
const filter = (): tf.Tensor4D =>
  tf.tensor4d(
    Float32Array.from({ length: 72 }, (_, i) => Math.cos(i)),
    [3, 3, 4, 2],
  );

/** Runs the pass, holds what the graph computes to float32's rounding, and returns what is left of the graph. */
function merged(fn: (...args: never[]) => tf.Tensor | tf.Tensor[], args: tf.Tensor[]): Graph {
  const graph = graphOf(fn, args);
  const data = args.map((tensor) => tensor.dataSync() as Float32Array);
  const after = removeDeadCode(mergeScales(graph));
  const [before, now] = [evaluateGraph(graph, data), evaluateGraph(after, data)];
  before.forEach((expected, i) => {
    now[i]?.forEach((value, k) => {
      expect(Math.abs(value - (expected[k] ?? Number.NaN))).toBeLessThan(1e-5);
    });
  });
  return after;
}

/** Products over a whole image. */
const largeProducts = (graph: Graph): number =>
  graph.nodes.filter((node) => node.kernel === 'Multiply' && node.outputs.some((o) => sizeOf(o.shape) >= 64)).length;

it('multiplies scales before they meet the image', () => {
  const after = merged(
    (x: tf.Tensor4D, s: tf.Tensor) => tf.mul(tf.mul(tf.mul(x, 0.5), s), 3),
    [image(), tf.tensor1d([1, 2, 3, 4])],
  );
  expect(largeProducts(after)).toBe(1);
});

it('moves a number behind the convolution, where it meets the scale of the channels', () => {
  const after = merged(
    (x: tf.Tensor4D, w: tf.Tensor4D, s: tf.Tensor) => tf.mul(tf.conv2d(tf.mul<tf.Tensor4D>(x, 1.7), w, 1, 'same'), s),
    [image(), filter(), tf.tensor1d([5, 6])],
  );
  expect(largeProducts(after)).toBe(1);
  expect(kernels(after).at(-1)).toBe('Multiply');
});

it('leaves alone a product that something else uses, a scale per channel before a convolution, and large factors', () => {
  const twice = merged(
    (x) => {
      const y = tf.mul(x, 0.5);
      return [tf.mul(y, 3), tf.exp(y)];
    },
    [image()],
  );
  expect(largeProducts(twice)).toBe(2);

  const perChannel = merged(
    (x: tf.Tensor4D, w: tf.Tensor4D, s: tf.Tensor) => tf.conv2d(tf.mul<tf.Tensor4D>(x, s), w, 1, 'same'),
    [image(), filter(), tf.tensor1d([1, 2, 3, 4])],
  );
  expect(kernels(perChannel)).toEqual(['Multiply', 'Conv2D']);

  // A row and a column are small each, their product is not.
  const [row, column] = [tf.ones([2, 4, 1, 1]), tf.ones([1, 1, 4, 4])];
  expect(
    largeProducts(
      merged((x: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.mul(tf.mul(x, a), b), [image(), row, column]),
    ),
  ).toBe(2);
});
