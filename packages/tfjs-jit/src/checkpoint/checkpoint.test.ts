import { checkpoint } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateGraph } from '../graph/evaluate.js';
import { mergeCommonSubexpressions } from '../passes/common-subexpressions.js';
import { removeDeadCode } from '../passes/dead-code.js';
import { graphOf, kernels } from '../testing/graphs.test-support.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Tensors = readonly tf.Tensor[];
const numbers = (tensors: Tensors): number[][] => tensors.map((tensor) => [...tensor.dataSync()]);
const random = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

/** Two layers with something between them that a gradient has to keep. */
const block = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.tanh(tf.matMul(tf.sigmoid(tf.matMul(x, w)), w));

/** Equal but for rounding: gradients of a tensor that several calls use are summed in another order. */
function expectClose(actual: number[][], expected: number[][]): void {
  const flat = expected.flat();
  const scale = Math.max(1, ...flat.map(Math.abs));
  actual.flat().forEach((x, i) => void expect(Math.abs(x - (flat[i] as number)) / scale).toBeLessThan(1e-6));
  expect(actual.map((list) => list.length)).toEqual(expected.map((list) => list.length));
}

/** Values and gradients of `f` at `xs`, and the tensors that are left over. */
function valuesOf(f: (...xs: tf.Tensor[]) => tf.Tensor, xs: tf.Tensor[]): { values: number[][]; left: number } {
  const before = tf.memory().numTensors;
  const { value, grads } = tf.valueAndGrads((...inner) => tf.sum(f(...inner)) as tf.Scalar)(xs);
  const values = numbers([value, ...grads]);
  tf.dispose([value, grads]);
  return { values, left: tf.memory().numTensors - before };
}

describe('checkpoint, op by op', () => {
  it('gives the values and gradients of the function itself, and leaves nothing over', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.nat(), (rows, n, seed) => {
        const xs = [random([rows, n], seed), random([n, n], seed + 1)];
        const deep =
          (f: typeof block) =>
          (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
            f(f(f(x, w), w), w);
        const plain = valuesOf(deep(block) as never, xs);
        // In the second the outer call runs the inner ones again, which run again in turn.
        for (const f of [deep(checkpoint(block)), checkpoint(deep(checkpoint(block)))]) {
          const { values, left } = valuesOf(f as never, xs);
          expectClose(values, plain.values);
          expect(left).toBe(0);
        }
        tf.dispose(xs);
      }),
      { numRuns: 20 },
    );
  });

  it('runs the function once in a forward pass and twice in a gradient', () => {
    let runs = 0;
    const counted = checkpoint((x: tf.Tensor) => {
      runs++;
      return tf.square(x);
    });
    const x = tf.scalar(3);
    tf.tidy(() => counted(x));
    expect(runs).toBe(1);
    tf.tidy(() => tf.grad((t: tf.Tensor) => tf.mul(counted(t), 2))(x));
    expect(runs).toBe(3);
    x.dispose();
  });

  it('keeps only the arguments between the passes', () => {
    const xs = [random([64, 64], 1), random([64, 64], 2)];
    const heldBy = (f: typeof block): number => {
      let held = 0;
      const before = tf.memory().numDataBuffers;
      tf.tidy(() =>
        tf.grads((x: tf.Tensor, w: tf.Tensor) => {
          const y = tf.tidy(() => f(f(f(x, w), w), w));
          held = tf.memory().numDataBuffers - before;
          return y;
        })(xs),
      );
      return held;
    };
    // The results of the three calls; without checkpoints also what the sigmoid of each gave.
    expect(heldBy(checkpoint(block))).toBe(3);
    expect(heldBy(block)).toBe(6);
    tf.dispose(xs);
  });

  it('takes and gives trees, with other leaves and unused tensors among them', () => {
    const f = ({ a, list }: { a: tf.Tensor; list: [tf.Tensor, number] }, unused: tf.Tensor | undefined) => ({
      product: tf.mul(a, list[0]),
      rest: [tf.exp(a), a, list[1], unused],
    });
    const xs = [random([3], 1), random([3], 2), random([3], 3)];
    const loss =
      (g: typeof f) =>
      (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor): tf.Tensor => {
        const { product, rest } = g({ a, list: [b, 5] }, c);
        expect(rest[2]).toBe(5);
        return tf.addN([
          tf.square(product),
          rest[0] as tf.Tensor,
          tf.mul(rest[1] as tf.Tensor, 3),
          rest[3] as tf.Tensor,
        ]);
      };
    const plain = valuesOf(loss(f) as never, xs);
    expect(valuesOf(loss(checkpoint(f)) as never, xs)).toEqual({ ...plain, left: 0 });
    tf.dispose(xs);
  });

  it('differentiates what the function closes over: tensors and variables', () => {
    const xs = [random([2, 3], 1), random([3, 3], 2)];
    const closed =
      (wrap: typeof checkpoint) =>
      (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
        wrap((t: tf.Tensor) => block(t, w))(x);
    const plain = valuesOf(closed((f) => f) as never, xs);
    expect(valuesOf(closed(checkpoint) as never, xs)).toEqual({ ...plain, left: 0 });

    const weight = tf.variable(xs[1] as tf.Tensor);
    const f = checkpoint((x: tf.Tensor) => block(x, weight));
    const { value, grads } = tf.variableGrads(() => tf.sum(f(xs[0] as tf.Tensor)) as tf.Scalar, [weight]);
    expect(numbers(Object.values(grads))).toEqual([plain.values[2]]);
    tf.dispose([value, grads, weight, xs]);
  });

  it('has gradients of gradients', () => {
    const x = random([4], 1);
    const cube = (t: tf.Tensor): tf.Tensor => tf.mul(t, tf.mul(t, t));
    const second = (f: typeof cube): number[] => {
      const inner = tf.grad((t: tf.Tensor) => tf.sum(f(t)));
      const made = tf.grad((t: tf.Tensor) => tf.sum(tf.square(inner(t))))(x);
      const values = [...made.dataSync()];
      made.dispose();
      return values;
    };
    expect(second(checkpoint(cube))).toEqual(second(cube));
    x.dispose();
  });

  it('refuses to close over what will be gone, and leaves nothing behind when the function throws', () => {
    const x = random([2], 1);
    const before = tf.memory().numTensors;
    const through = (t: tf.Tensor): tf.Tensor => {
      const made = tf.exp(t);
      return checkpoint((u: tf.Tensor) => tf.mul(u, made))(t);
    };
    expect(() => tf.grad(through)(x)).toThrow(
      /checkpoint: expected.*got float32\[2\] made on the way. Pass it as an argument/,
    );
    const failing = checkpoint((t: tf.Tensor) => {
      tf.sigmoid(t);
      throw new Error('mine');
    });
    expect(() => tf.grad(failing as never)(x)).toThrow('mine');
    expect(() => tf.grad((t: tf.Tensor) => checkpoint((_: unknown) => t)(new Float32Array(1)))(x)).toThrow(
      /expected the arguments of a checkpointed function to be tensors.*got a Float32Array/,
    );
    // What the differentiated function itself saved before the error is TensorFlow.js's own.
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(1);
    x.dispose();
  });
});

describe('checkpoint, traced', () => {
  const gradient =
    (f: typeof block) =>
    (x: tf.Tensor, w: tf.Tensor): Tensors =>
      Object.values(tf.valueAndGrads((a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.square(f(f(a, b), b))))([x, w])).flat();
  const xs = (): tf.Tensor[] => [random([3, 4], 1), random([4, 4], 2)];
  const count = (f: typeof block, kernel: string): number =>
    kernels(removeDeadCode(mergeCommonSubexpressions(graphOf(gradient(f) as never, xs())))).filter((k) => k === kernel)
      .length;

  it('computes again on the way back, and no pass merges the two', () => {
    expect([count(block, 'Sigmoid'), count(checkpoint(block), 'Sigmoid')]).toEqual([2, 4]);
    expect(count(checkpoint(block), 'Barrier')).toBeGreaterThan(0);
    expect(count(block, 'Barrier')).toBe(0);
  });

  it('computes again only after the gradient has arrived', () => {
    const graph = graphOf(gradient(checkpoint(block)) as never, xs());
    const made = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
    const before = (value: (typeof graph.inputs)[number], seen = new Set<unknown>()): Set<unknown> => {
      const node = made.get(value);
      if (node === undefined || seen.has(node)) return seen;
      seen.add(node);
      for (const input of node.inputs) before(input, seen);
      return seen;
    };
    const sigmoids = graph.nodes.filter((node) => node.kernel === 'Sigmoid');
    const [first, second, again2, again1] = sigmoids;
    const needs = (node: typeof first): Set<unknown> => before(node?.outputs[0] as never);
    expect(needs(again2)).toContain(second);
    expect(needs(again1)).toContain(again2);
    expect(needs(second)).toContain(first);
    expect(needs(again2)).not.toContain(again1);
  });

  it('computes the same', () => {
    const inputs = xs();
    const data = inputs.map((tensor) => tensor.dataSync() as Float32Array);
    const run = (f: typeof block): number[][] =>
      evaluateGraph(graphOf(gradient(f) as never, inputs), data).map((values) => [...values]);
    expectClose(run(checkpoint(block)), run(block));
  });
});
