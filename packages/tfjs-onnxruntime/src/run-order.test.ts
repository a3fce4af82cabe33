import { jit } from '@edm2/tfjs-jit';
import { type Engine, producersOf, traceFunction } from '@edm2/tfjs-jit/graph';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { depthFirst } from './run-order.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** 1 KiB. */
const x = tf.zeros([16, 16]);

/** Traced breadth first: four products are held before the first sum; depth first no more than two. */
function sums(a: tf.Tensor): tf.Tensor[] {
  const products = [1, 2, 3, 4].map((n) => tf.tidy(() => product(tf.mul(a, n))));
  return products.map((made) => tf.sum(made));
}
const product = (a: tf.Tensor): tf.Tensor => tf.matMul(a as tf.Tensor2D, a as tf.Tensor2D);

it('runs every node after what it needs', () => {
  const { graph } = traceFunction(sums, [x]);
  const order = depthFirst(graph);
  expect(new Set(order)).toEqual(new Set(graph.nodes));
  const position = new Map(order.map((node, i) => [node, i]));
  const producers = producersOf(graph);
  for (const node of order)
    for (const input of node.inputs) {
      const maker = producers.get(input);
      if (maker) expect(position.get(maker)).toBeLessThan(position.get(node) ?? -1);
    }
});

it('is looked for backwards from the results, which holds less', () => {
  const asTraced: Engine = { name: 'as traced', backend: 'cpu', compile: () => ({ run: () => [], dispose() {} }) };
  const engine: Engine = { ...asTraced, plan: (graph) => ({ graph, order: depthFirst(graph) }) };
  const held = [asTraced, engine].map((each) => jit(sums, { engine: each }).memory(x).activations / 1024);
  expect(held.map(Math.round)).toEqual([5, 2]);
});
