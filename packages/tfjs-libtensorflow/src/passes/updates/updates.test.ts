import '@tensorflow/tfjs';
import { type Graph, mergeCommonSubexpressions, traceFunction } from '@edm2/tfjs-jit/graph';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { planUpdates, type StateVariable, type Update } from './updates.js';

/** The graph of a function of the given tensors, before any pass. */
const graphOf = (fn: (...tensors: never[]) => unknown, tensors: readonly tf.Tensor[]): Graph =>
  traceFunction(fn, tensors).traced;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const towards = (to: tf.Tensor, from: tf.Tensor, share: number | tf.Tensor): tf.Tensor =>
  tf.add(from, tf.mul(tf.sub(to, from), share));

interface Form {
  /** What the weight's step starts from. */
  readonly start?: (w: tf.Tensor) => tf.Tensor;
  readonly share?: number | tf.Tensor;
  /** Gradient that the second moment is made of. */
  readonly other?: (g: tf.Tensor) => tf.Tensor;
  readonly rate?: (rate: tf.Tensor) => tf.Tensor;
}

/** w, m, v, average, gradient, rate → their next values, and a loss. */
const step =
  ({ start = (w) => w, share = 0.25, other = (g) => g, rate: scaled = (rate) => rate }: Form = {}) =>
  (w: tf.Tensor, m: tf.Tensor, v: tf.Tensor, average: tf.Tensor, g: tf.Tensor, rate: tf.Tensor): tf.Tensor[] => {
    const first = towards(g, m, share);
    const second = towards(tf.square(other(g)), v, 0.125);
    const floor = tf.mul(rate, 1e-3);
    const next = tf.sub(start(w), tf.mul(tf.div(first, tf.add(tf.sqrt(second), floor)), scaled(rate)));
    return [next, first, second, towards(next, average, rate), tf.sum(start(w))];
  };

const STATE: readonly StateVariable[] = [0, 1, 2, 3].map((i) => ({ input: i, output: i }));
const tensors = (shape: number[] = [2, 3]): tf.Tensor[] => [
  ...Array.from({ length: 5 }, () => tf.ones(shape)),
  tf.scalar(0.5),
];

function plan(fn: (...xs: tf.Tensor[]) => tf.Tensor[], inputs = tensors(), state = STATE) {
  const graph = mergeCommonSubexpressions(graphOf(fn as (...xs: never[]) => unknown, inputs));
  return { before: graph, ...planUpdates(graph, state) };
}
const kinds = (updates: readonly Update[]): string[] => updates.map((update) => update.kind).sort();

describe('planUpdates', () => {
  it('recognises Adam and an average of the new weight, and drops the kernels that they replace', () => {
    const { before, graph, updates } = plan(step() as never);
    expect(kinds(updates)).toEqual(['adam', 'towards']);
    const adam = updates.find((update) => update.kind === 'adam');
    expect(adam?.beta1).toBe(0.75);
    expect(adam?.beta2).toBe(0.875);
    expect([adam?.before, adam?.gradient, adam?.rate]).toEqual([before.inputs[0], before.inputs[4], before.inputs[5]]);
    // What is left: the floor and the loss.
    expect(graph.nodes.map((node) => node.kernel)).toEqual(['Multiply', 'Sum']);
  });

  it('starts from another weight than the stored one where the step does', () => {
    const { graph, updates } = plan(step({ start: (w) => tf.mul(w, 2) }) as never);
    const adam = updates.find((update) => update.kind === 'adam');
    expect(graph.nodes.find((node) => node.outputs[0] === adam?.before)?.kernel).toBe('Multiply');
  });

  it.each<[string, Form]>([
    ['a decay that is only known when the step runs', { share: tf.scalar(0.25) }],
    ['moments of different gradients', { other: (g) => tf.mul(g, 2) }],
    ['a rate for every element', { rate: (rate) => tf.mul(tf.ones([2, 3]), rate) }],
  ])('assigns what it does not recognise: %s', (_, form) => {
    const share = typeof form.share === 'object' ? form.share : undefined;
    const fn = step(form);
    // The decay comes in as a sixth argument, so that it is no constant.
    const graph = plan(
      ((...xs: tf.Tensor[]) =>
        (share ? step({ share: xs[6] as tf.Tensor }) : fn)(...(xs as Parameters<typeof fn>))) as never,
      [...tensors(), ...(share ? [share] : [])],
    );
    expect(kinds(graph.updates)).not.toContain('adam');
    expect(kinds(graph.updates)).toContain('assign');
  });

  it('needs all three of Adam in variables', () => {
    const { updates } = plan(step() as never, tensors(), STATE.slice(0, 2));
    expect(kinds(updates)).toEqual(['assign', 'towards']);
  });

  it('leaves alone what comes out as it went in, and keeps apart variables that exchange their values', () => {
    const { updates } = plan(
      (a, b, c) => [a, c, b] as tf.Tensor[],
      [1, 2, 3].map((n) => tf.fill([2], n)),
      STATE.slice(0, 3),
    );
    expect(kinds(updates)).toEqual(['assign', 'assign', 'keep']);
  });

  it('makes each value once: a second variable is assigned it', () => {
    const { updates } = plan(
      (a, _, to) => {
        const moved = towards(to as tf.Tensor, a as tf.Tensor, 0.5);
        return [moved, moved];
      },
      [1, 2, 3].map((n) => tf.fill([2], n)),
      STATE.slice(0, 2),
    );
    expect(kinds(updates)).toEqual(['assign', 'towards']);
  });

  it('does not take a broadcast for an update in place', () => {
    const { updates } = plan(
      (a, to) => [tf.reshape(towards(to as tf.Tensor, tf.sum(a as tf.Tensor), 0.5), [1])],
      [tf.ones([1]), tf.scalar(2)],
      STATE.slice(0, 1),
    );
    expect(kinds(updates)).toEqual(['assign']);
  });
});
