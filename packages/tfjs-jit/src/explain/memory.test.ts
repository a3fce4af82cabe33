import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Graph } from '../graph/graph.js';
import { graphOf, kernels } from '../testing/graphs.test-support.js';
import { liveness, planMemory } from './memory.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const KIB = 1024;
/** 1 KiB each. */
const x = (): tf.Tensor2D => tf.zeros([16, 16]);
const curve = (graph: Graph): number[] => liveness(graph).map(({ bytes }) => bytes / KIB);
const mm = (a: tf.Tensor, b: tf.Tensor = a): tf.Tensor => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D);

describe('liveness', () => {
  it('holds a tensor from the node that makes it to its last use', () => {
    // The chain needs two at a time: what comes in and what goes out.
    expect(curve(graphOf((a: tf.Tensor) => mm(mm(mm(a))), [x()]))).toEqual([1, 2, 2]);
    // The first product waits for the last node.
    const kept = graphOf(
      (a: tf.Tensor) => {
        const first = mm(a);
        return mm(mm(mm(first)), first);
      },
      [x()],
    );
    expect(curve(kept)).toEqual([1, 2, 3, 3]);
  });

  it('writes over an operand that is needed no more, and only over one of its own size', () => {
    expect(curve(graphOf((a: tf.Tensor) => tf.exp(tf.neg(mm(a))), [x()]))).toEqual([1, 1, 1]);
    // An argument is the caller's: never overwritten.
    expect(curve(graphOf((a: tf.Tensor) => tf.exp(tf.neg(a)), [x()]))).toEqual([1, 1]);
    const twice = graphOf(
      (a: tf.Tensor) => {
        const b = mm(a);
        return tf.add(tf.exp(b), b);
      },
      [x()],
    );
    expect(curve(twice)).toEqual([1, 2, 2]);
    // bool, a quarter of the size, cannot become float.
    expect(curve(graphOf((a: tf.Tensor) => tf.cast(tf.isNaN(mm(a)), 'float32'), [x()]))).toEqual([1, 1.25, 1.25]);
  });

  it('counts a reshape as what it is: the same memory', () => {
    const graph = graphOf((a: tf.Tensor) => tf.reshape(tf.sum(tf.reshape(mm(a), [256]), 0, true), [1, 1]), [x()]);
    expect(kernels(graph)).toEqual(['BatchMatMul', 'Reshape', 'Sum', 'Reshape']);
    expect(curve(graph)).toEqual([1, 1, 1 + 4 / KIB, 4 / KIB]);
  });

  it('holds results to the end and what nobody needs only while it is made', () => {
    const graph = graphOf(
      (a: tf.Tensor) => {
        const result = mm(a);
        tf.split(a, 4);
        return [result, mm(tf.exp(a))];
      },
      [x()],
    );
    expect(curve(graph)).toEqual([1, 2, 2, 3]);
  });

  it('adds up arguments, constants and what is held in between', () => {
    const w = tf.ones([16, 16]);
    const graph = graphOf((a: tf.Tensor, b: tf.Tensor) => [mm(mm(a, w)), tf.sum(b)], [x(), x()]);
    const plan = planMemory(graph, liveness(graph));
    expect(plan).toEqual({
      inputs: 2 * KIB,
      constants: KIB,
      outputs: KIB + 4,
      activations: 2 * KIB,
      peak: 5 * KIB,
    });
    expect(
      planMemory(
        graphOf((a: tf.Tensor) => a, [x()]),
        [],
      ).peak,
    ).toBe(KIB);
    w.dispose();
  });
});
