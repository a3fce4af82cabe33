import { checkpoint } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Node } from '../graph/graph.js';
import '../testing/graphs.test-support.js';
import { flatten } from '../tree.js';
import { abstractOf, trace } from './trace.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Fn = (...xs: tf.Tensor[]) => unknown;

/** The nodes of a function of `[2, 2]` tensors, traced with sources. */
function nodesOf(fn: Fn, count = 1): readonly Node[] {
  const xs = Array.from({ length: count }, () => tf.ones([2, 2]));
  const flat = flatten(xs, 'the arguments');
  const { graph } = trace(fn as never, flat.structure, flat.tensors.map(abstractOf), { sources: true });
  tf.dispose(xs);
  return graph.nodes;
}

/** Line of the caller in this file. */
const line = (): number => Number(/source\.test\.ts:(\d+):\d+/.exec(new Error().stack?.split('\n')[2] ?? '')?.[1]);
const linesOf = (nodes: readonly Node[], kernel: string): number[] =>
  nodes
    .filter((node) => node.kernel === kernel)
    .map((node) => Number(/source\.test\.ts:(\d+):\d+$/.exec(node.source ?? '')?.[1]));

describe('sources of kernel calls', () => {
  it('are the innermost lines outside TensorFlow.js and this package', () => {
    let at: number[] = [];
    const inner = (x: tf.Tensor): tf.Tensor => {
      at = [line() + 1];
      return tf.sigmoid(x);
    };
    const nodes = nodesOf((x) => {
      const y = inner(x as tf.Tensor);
      at.push(line() + 1);
      return tf.logSumExp(y);
    });
    expect(linesOf(nodes, 'Sigmoid')).toEqual([at[0]]);
    // An op of many kernels: all of them.
    expect(linesOf(nodes, 'Max')).toEqual([at[1]]);
    expect(linesOf(nodes, 'Exp')).toEqual([at[1]]);
    expect(nodes.every((node) => node.source !== undefined)).toBe(true);
  });

  it('of a gradient are those of what is differentiated, or of a gradient function that was written by hand', () => {
    let at: number[] = [];
    const cube = tf.customGrad((x) => ({
      value: tf.pow(x as tf.Tensor, 3),
      gradFunc: (dy: tf.Tensor) => {
        at[2] = line() + 1;
        return tf.elu(dy);
      },
    }));
    const nodes = nodesOf(
      (a, b) =>
        tf.grads((x: tf.Tensor, w: tf.Tensor) => {
          at = [line() + 1];
          const product = tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D);
          const y = cube(product);
          return tf.sum(tf.square(y));
        })([a as tf.Tensor, b as tf.Tensor]),
      2,
    );
    // The product, and its two gradients.
    expect(linesOf(nodes, 'BatchMatMul')).toEqual([at[0], at[0], at[0]]);
    expect(linesOf(nodes, 'Elu')).toEqual([at[2]]);
  });

  it('stay the same for what a checkpoint computes again', () => {
    let at = 0;
    const block = checkpoint((x: tf.Tensor) => {
      at = line() + 1;
      return tf.sigmoid(tf.exp(x));
    });
    const nodes = nodesOf((x) => tf.valueAndGrad((t: tf.Tensor) => tf.sum(block(t)))(x as tf.Tensor));
    expect(linesOf(nodes, 'Exp')).toEqual([at, at]);
    expect(linesOf(nodes, 'Sigmoid')).toEqual([at, at]);
  });

  it('cost nothing unless asked for', () => {
    const x = tf.ones([2, 2]);
    const flat = flatten([x], 'the arguments');
    const { graph } = trace(((t: tf.Tensor) => tf.exp(t)) as never, flat.structure, flat.tensors.map(abstractOf));
    expect(graph.nodes.map((node) => node.source)).toEqual([undefined]);
    x.dispose();
  });
});
