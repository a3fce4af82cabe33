import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateGraph, evaluateOn } from '../graph/evaluate.js';
import type { Graph } from '../graph/graph.js';
import { at } from '../kernels/spec.js';
import { graphOf, kernels } from '../testing/graphs.test-support.js';
import { mergeCommonSubexpressions } from './common-subexpressions.js';
import { removeDeadCode } from './dead-code.js';
import { foldConstants } from './fold-constants.js';
import { recogniseUpsampling } from './nearest-upsampling.js';
import { shrinkUniformOperands } from './uniform-operands.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Pass = (graph: Graph) => Graph;
const fold: Pass = (graph) => foldConstants(graph, evaluateOn('cpu'));

/** Runs a pass and checks that what the graph computes stays bit-equal. */
function apply(pass: Pass, graph: Graph, inputs: readonly tf.Tensor[]): Graph {
  const data = inputs.map((tensor) => tensor.dataSync() as Float32Array);
  const after = pass(graph);
  expect(evaluateGraph(after, data)).toEqual(evaluateGraph(graph, data));
  return after;
}

const x = (): tf.Tensor2D => tf.tensor2d([1, -2, 3, 4, 5, -6], [2, 3]);

describe('removeDeadCode', () => {
  it('drops what no output needs', () => {
    const graph = graphOf(
      (a: tf.Tensor) => {
        tf.exp(tf.add(a, 5));
        return tf.neg(a);
      },
      [x()],
    );
    expect(kernels(graph)).toEqual(['Add', 'Exp', 'Neg']);
    const after = apply(removeDeadCode, graph, [x()]);
    expect(kernels(after)).toEqual(['Neg']);
    expect(after.constants.size).toBe(0);
  });
});

describe('mergeCommonSubexpressions', () => {
  it('computes equal calls once and keeps different attributes apart', () => {
    const graph = graphOf(
      (a: tf.Tensor) => [
        tf.add(tf.exp(a), tf.exp(a)),
        tf.add(tf.clipByValue(a, 0, Number.POSITIVE_INFINITY), tf.clipByValue(a, -0, Number.POSITIVE_INFINITY)),
        tf.mul(tf.add(a, 0.5), tf.add(a, 0.5)),
      ],
      [x()],
    );
    const after = apply(mergeCommonSubexpressions, graph, [x()]);
    expect(kernels(after).filter((kernel) => kernel === 'Exp')).toHaveLength(1);
    expect(kernels(after).filter((kernel) => kernel === 'ClipByValue')).toHaveLength(2);
    expect(kernels(after).filter((kernel) => kernel === 'Add')).toHaveLength(3);
  });
});

describe('foldConstants', () => {
  it('computes what depends on closed-over tensors alone', () => {
    const w = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    const graph = graphOf(
      (a: tf.Tensor) => tf.matMul(a as tf.Tensor2D, tf.div(w, tf.sqrt(tf.mean(tf.square(w), [0], true)))),
      [x()],
    );
    const after = apply((g) => removeDeadCode(fold(g)), graph, [x()]);
    expect(kernels(after)).toEqual(['BatchMatMul']);
    expect(after.constants.size).toBe(1);
  });

  it('broadcasts where cpu kernels do not', () => {
    const [a, b] = [
      tf.randomUniform([2, 1, 2, 3], -1, 1, 'float32', 1),
      tf.randomUniform([2, 3, 3, 2], -1, 1, 'float32', 2),
    ];
    const folded = fold(graphOf(() => tf.matMul(a, b), []));
    expect(folded.nodes).toEqual([]);
    const rows = tf.unstack(a).map((row, i) => tf.matMul(tf.tile(row, [3, 1, 1]), at(tf.unstack(b), i)));
    expect(folded.outputs.map((value) => folded.constants.get(value))).toEqual([tf.stack(rows).dataSync()]);
    // A `where` and a slope of ELU that the pass has made of operands of one value.
    const shrunk = shrinkUniformOperands(
      graphOf((x: tf.Tensor) => [tf.where(tf.greater(x, 0), x, tf.fill([2, 3], 4)), tf.grad(tf.elu)(x)], [x()]),
    );
    expect(evaluateGraph(shrunk, [x().dataSync() as Float32Array])).toEqual(
      [tf.where(tf.greater(x(), 0), x(), tf.fill([2, 3], 4)), tf.grad(tf.elu)(x())].map((tensor) => tensor.dataSync()),
    );
  });

  it('runs every reduction on cpu as the op would', () => {
    const w = x();
    const graph = graphOf(
      () => [tf.max(w, 1), tf.min(w, 0), tf.argMax(w, 1), tf.range(0, 3), tf.softmax(w), tf.slice(w, [0, 1], [2, 2])],
      [],
    );
    const after = fold(graph);
    expect(kernels(after)).toEqual([]);
    expect(after.outputs.map((value) => after.constants.get(value))).toEqual(
      [tf.max(w, 1), tf.min(w, 0), tf.argMax(w, 1), tf.range(0, 3), tf.softmax(w), tf.slice(w, [0, 1], [2, 2])].map(
        (t) => t.dataSync(),
      ),
    );
  });
});

describe('recogniseUpsampling', () => {
  const double = (a: tf.Tensor4D): tf.Tensor => {
    const [n, h, w, c] = a.shape;
    const pixels = tf.reshape(a, [n * h * w, c]);
    const rows = tf.reshape(tf.concat([pixels, pixels], 1), [n * h, 2 * w * c]);
    return tf.reshape(tf.concat([rows, rows], 1), [n, 2 * h, 2 * w, c]);
  };
  const image = (): tf.Tensor4D =>
    tf.tensor4d(
      Float32Array.from({ length: 48 }, (_, i) => i),
      [2, 2, 4, 3],
    );

  it('turns doubling by concatenation into one resize', () => {
    const graph = graphOf(double as never, [image()]);
    const after = apply((g) => removeDeadCode(recogniseUpsampling(g)), graph, [image()]);
    expect(kernels(after)).toEqual(['ResizeNearestNeighbor']);
  });

  it('leaves other concatenations alone', () => {
    const graph = graphOf(
      (a: tf.Tensor4D) => {
        const pixels = tf.reshape(a, [16, 3]);
        const rows = tf.reshape(tf.concat([pixels, tf.neg(pixels)], 1), [4, 24]);
        return tf.reshape(tf.concat([rows, rows], 1), [2, 4, 8, 3]);
      },
      [image()],
    );
    expect(kernels(recogniseUpsampling(graph))).toEqual(kernels(graph));
  });
});

describe('shrinkUniformOperands', () => {
  it('makes scalars of operands of one value where broadcasting gives the same', () => {
    const graph = graphOf(
      (a: tf.Tensor) => [
        tf.where(tf.isFinite(a), a, tf.zerosLike(a)),
        tf.mul(a, tf.fill([2, 3], 4)),
        tf.add(a, tf.ones([2, 3])),
      ],
      [x()],
    );
    const after = removeDeadCode(shrinkUniformOperands(graph));
    expect(kernels(after)).toEqual(['IsFinite', 'Select', 'Multiply', 'Add']);
    expect(after.nodes.slice(1).map((node) => node.inputs.at(-1)?.shape)).toEqual([[], [], []]);
  });

  it('takes what was spread instead of the spread tensor', () => {
    const graph = graphOf(((a: tf.Tensor) => tf.grad((t: tf.Tensor) => tf.sum(tf.sum(tf.square(t), 1)))(a)) as never, [
      x(),
    ]);
    const after = removeDeadCode(shrinkUniformOperands(fold(graph)));
    expect(kernels(after).filter((kernel) => !['Reshape', 'Cast'].includes(kernel))).toEqual(['Multiply', 'Multiply']);
  });

  it('keeps an operand that gives the result its shape', () => {
    const graph = graphOf((a: tf.Tensor) => tf.mul(tf.sum(a), tf.zeros([2, 3])), [x()]);
    const after = apply(shrinkUniformOperands, graph, [x()]);
    expect(after.nodes.at(-1)?.inputs[1]?.shape).toEqual([2, 3]);
  });
});
