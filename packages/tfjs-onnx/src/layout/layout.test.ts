import '@tensorflow/tfjs';
import { evaluateOn, foldConstants, type Graph, removeDeadCode, sizeOf, traceFunction } from '@edm2/tfjs-jit/graph';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { inverse, NCHW, OIHW, transposeData } from '../permutation.js';
import { layout } from './layout.js';
import { moveConstants } from './move-constants.js';
import { reshapedOrder } from './reshape.js';

/** The graph of a function of the given tensors, before any pass. */
const graphOf = (fn: (...tensors: never[]) => unknown, tensors: readonly tf.Tensor[]): Graph =>
  traceFunction(fn, tensors).traced;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Shapes of what is moved when the function runs; constants are moved before. */
const moves = (graph: Graph): string[] =>
  removeDeadCode(moveConstants(graph))
    .nodes.filter((node) => node.kernel === 'Transpose')
    .map((node) => `${node.inputs[0]?.shape}`);
const fixed = { inputs: new Set<number>(), stateOutputs: new Map<number, number>() };
const image = (c = 3): tf.Tensor4D => tf.zeros([2, 4, 6, c]);

describe('layout', () => {
  it('keeps a chain of convolutions in NCHW: one transposition in, one out', () => {
    const graph = graphOf(
      ((x: tf.Tensor4D, f: tf.Tensor4D, g: tf.Tensor4D, scale: tf.Tensor1D) => {
        let y = tf.sigmoid(tf.conv2d(x, f, 1, 'same'));
        y = tf.add(y, tf.mul(y, scale)) as tf.Tensor4D;
        y = tf.div(y, tf.sqrt(tf.mean(tf.square(y), [3], true)));
        y = tf.slice(tf.concat([y, y], 3), [0, 0, 0, 1], [-1, -1, -1, 5]);
        y = tf.pad(tf.avgPool(y, 2, 2, 'valid'), [
          [0, 0],
          [1, 1],
          [0, 0],
          [0, 0],
        ]);
        return tf.conv2d(y, g, 1, 'same');
      }) as never,
      [image(), tf.zeros([3, 3, 3, 5]), tf.zeros([3, 3, 5, 2]), tf.zeros([5])],
    );
    const { graph: after } = layout(graph, fixed);
    // x, both filters, and the result.
    expect(moves(after)).toEqual(['2,4,6,3', '3,3,3,5', '3,3,5,2', '2,2,4,3']);
  });

  it('holds donated filters and their moments in OIHW for good', () => {
    const step = (w: tf.Tensor4D, m: tf.Tensor4D, x: tf.Tensor4D): tf.Tensor[] => {
      const forced = tf.div(w, tf.sqrt(tf.mean(tf.square(w), [0, 1, 2], true)));
      const gradient = tf.grad((f: tf.Tensor) => tf.sum(tf.square(tf.conv2d(x, f as tf.Tensor4D, 1, 'same'))))(forced);
      const moment = tf.add(tf.mul(m, 0.9), gradient);
      return [tf.sub(forced, moment), moment];
    };
    const graph = graphOf(step as never, [tf.zeros([3, 3, 2, 4]), tf.zeros([3, 3, 2, 4]), image(2)]);
    const free = {
      inputs: new Set([0, 1]),
      stateOutputs: new Map([
        [0, 0],
        [1, 1],
      ]),
    };
    const laidOut = layout(foldConstants(graph, evaluateOn('cpu')), free);
    expect(laidOut.inputOrders.slice(0, 2)).toEqual([OIHW, OIHW]);
    expect(laidOut.outputOrders).toEqual([OIHW, OIHW]);
    expect(moves(laidOut.graph)).toEqual(['2,4,6,2']);
  });

  it('passes through the reshapes and transpositions of attention without moving anything', () => {
    const graph = graphOf(
      ((x: tf.Tensor4D, f: tf.Tensor4D) => {
        const y = tf.conv2d(x, f, 1, 'same');
        const heads = tf.reshape(tf.transpose(y, [0, 3, 1, 2]), [4, 3, 2, 24]);
        const [q, k] = tf.split(heads, 2, 2).map((part) => tf.reshape(part as tf.Tensor, [4, 3, 24]));
        return tf.matMul(q as tf.Tensor, k as tf.Tensor, true, false);
      }) as never,
      [image(), tf.zeros([1, 1, 3, 12])],
    );
    expect(moves(layout(graph, fixed).graph)).toEqual(['2,4,6,3', '1,1,3,12']);
  });
});

describe('reshapedOrder', () => {
  it('finds the order in which a reshape moves nothing, or none', () => {
    expect(reshapedOrder([2, 4, 6, 12], [2, 24, 12], NCHW)).toEqual([0, 2, 1]);
    expect(reshapedOrder([2, 4, 6, 12], [2, 24, 2, 6], NCHW)).toEqual([0, 2, 3, 1]);
    expect(reshapedOrder([2, 5], [2, 1, 1, 5], [0, 1])).toEqual([0, 1, 2, 3]);
    expect(reshapedOrder([2, 4, 6, 12], [48, 12], NCHW)).toBeUndefined();
    expect(reshapedOrder([2, 4], [4, 2], [1, 0])).toBeUndefined();
  });

  it('agrees with moving the data', () => {
    const shapes = fc.constantFrom(
      [
        [2, 3, 4],
        [2, 12],
      ],
      [
        [2, 3, 4],
        [6, 4],
      ],
      [
        [4, 6],
        [2, 2, 6],
      ],
      [
        [2, 6, 1],
        [2, 2, 3],
      ],
      [
        [1, 4, 3],
        [4, 1, 3],
      ],
      [
        [2, 3, 2],
        [2, 1, 6],
      ],
    );
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 5 }), ([from = [], to = []], n) => {
        const axes = from.map((_, i) => i);
        const perm = [...axes].sort((a, b) => ((a * 7 + n * 5) % 3) - ((b * 7 + n * 5) % 3));
        const order = reshapedOrder(from, to, perm);
        if (order === undefined) return;
        const plain = Float32Array.from({ length: sizeOf(from) }, (_, i) => i);
        const held = transposeData(plain, from, perm);
        const back = transposeData(
          held,
          order.map((axis) => to[axis] ?? 1),
          inverse(order),
        );
        expect(back).toEqual(plain);
      }),
    );
  });
});
