import '@tensorflow/tfjs'; // registers the gradients
import { checkpoint } from '@edm2/tfjs-jit';
import { traceFunction } from '@edm2/tfjs-jit/graph';
import { lowerToOnnx } from '@edm2/tfjs-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it('what a checkpointed block computes again is computed again: no pass merges the two', () => {
  const block = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.tanh(tf.matMul(tf.sigmoid(tf.matMul(x, w)), w));
  const again = checkpoint(block);
  const gradient = (x: tf.Tensor, w: tf.Tensor) =>
    Object.values(tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.square(again(again(a, b), b))))([x, w]));
  const { graph } = traceFunction(gradient, [tf.ones([3, 4]), tf.ones([4, 4])]);
  const options = { donated: new Set<number>(), state: [], dialect: 'standard', backend: 'cpu' } as const;
  const { model } = lowerToOnnx(graph, options);
  // A sigmoid is several operators, one of them a minimum; two more are the slopes of what is computed again.
  expect(model.nodes.filter(({ type }) => type === 'Min')).toHaveLength(4 + 2);
});
