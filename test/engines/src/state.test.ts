import '@tensorflow/tfjs'; // registers the gradients
import { difference, draw } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, it } from 'vitest';
import { describeEngines } from './engines.js';
import { tensorflowGraph } from './tensorflow-graph.js';

type Params = Record<string, tf.Tensor>;
type State = {
  params: Params;
  moments: { step: tf.Tensor; first: Params; second: Params };
  average: Params;
  buffer: tf.Tensor;
  turn: { a: tf.Tensor; b: tf.Tensor };
};

const SHAPES: Record<string, number[]> = { filter: [3, 3, 2, 4], gain: [], dense: [5, 7], bias: [9] };
const map = (params: Params, fn: (t: tf.Tensor, name: string) => tf.Tensor): Params =>
  Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name, fn(tensor, name)]));
const of = (params: Params, name: string): tf.Tensor => params[name] as tf.Tensor;
const towards = (to: tf.Tensor, from: tf.Tensor, share: number | tf.Tensor): tf.Tensor =>
  tf.add(from, tf.mul(tf.sub(to, from), share));

/**
 * Everything that state can do: weights normalised before use, Adam, an average of the new weights, a counter, a buffer
 * that stays, two tensors that change places, old and new values beside them.
 *
 * @param decay - 0.1: as a number Adam is one kernel of TensorFlow's, as a tensor it is many.
 */
const step =
  (decay?: number) =>
  (state: State, x: tf.Tensor, rate: tf.Tensor, given: tf.Tensor): { state: State; seen: Params } =>
    tf.tidy(() => {
      const { params, moments, average, buffer, turn } = state;
      const used = map(params, (w) => (w.rank > 1 ? tf.div(w, tf.sqrt(tf.mean(tf.square(w)))) : w));
      const names = Object.keys(used);
      const loss = (...ws: tf.Tensor[]): tf.Scalar =>
        tf.addN(ws.map((w, i) => tf.sum(tf.square(tf.sub(tf.mul(w, i + 1), tf.sum(x)))))) as tf.Scalar;
      const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => of(used, name)));
      const gradient = (name: string): tf.Tensor => grads[names.indexOf(name)] as tf.Tensor;
      const first = map(moments.first, (m, name) => towards(gradient(name), m, decay ?? given));
      const second = map(moments.second, (v, name) => towards(tf.square(gradient(name)), v, 0.01));
      const next = map(used, (w, name) =>
        tf.sub(w, tf.mul(tf.div(of(first, name), tf.add(tf.sqrt(of(second, name)), tf.mul(rate, 1e-3))), rate)),
      );
      return {
        state: {
          params: next,
          moments: { step: tf.add(moments.step, 1), first, second },
          average: map(average, (a, name) => towards(of(next, name), a, tf.mul(rate, 0.5))),
          buffer,
          turn: { a: turn.b, b: turn.a },
        },
        seen: {
          loss: value,
          before: tf.neg(of(params, 'dense')),
          after: tf.sum(of(next, 'dense')),
          moved: tf.sub(of(next, 'bias'), of(params, 'bias')),
          buffer: tf.add(buffer, 1),
        },
      };
    });

const begin = (): State =>
  tf.tidy(() => {
    const draws = (seed: number): Params => map(SHAPES as never, (_, name) => draw(seed, SHAPES[name] ?? []));
    return {
      params: draws(1),
      moments: { step: tf.scalar(0), first: map(draws(1), tf.zerosLike), second: map(draws(1), tf.zerosLike) },
      average: draws(2),
      buffer: draw(3, [4]),
      turn: { a: draw(4, [2, 2]), b: draw(5, [2, 2]) },
    };
  });

const leaves = (tree: unknown): tf.Tensor[] =>
  tree instanceof tf.Tensor ? [tree] : Object.values(tree as object).flatMap(leaves);
const worst = (a: unknown, b: unknown): number =>
  Math.max(...leaves(a).map((tensor, i) => difference(tensor, leaves(b)[i] as tf.Tensor)));

describeEngines('donated state', (engine) => {
  afterEach(async () => {
    await tf.setBackend('cpu');
  });

  it.each([
    ['as a pattern that engines know', 0.1],
    ['in a form that none does', undefined],
  ])('gives what plain TensorFlow.js gives, step after step: %s', async (_, decay) => {
    const [x, rate, given] = [tf.tensor1d([0.1, 0.2]), tf.scalar(0.05), tf.scalar(0.1)];
    const compiled = jit(step(decay), { engine: engine(), donate: [0] });
    // Without an engine, on cpu: op by op.
    const opByOp = jit(step(decay));
    let expected = begin();
    const before = tf.memory().numTensors;
    let state = begin();
    for (let i = 0; i < 5; i++) {
      const plain = opByOp(expected, x, rate, given);
      const actual = compiled(state, x, rate, given);
      expect(leaves(state).every((tensor) => tensor.isDisposed)).toBe(true);
      // Adam divides moments by their size: where both are small, another order of rounding is a few ulp more.
      expect(worst(actual, plain)).toBeLessThan(4e-5);
      tf.dispose([expected, plain.seen, actual.seen] as never);
      [expected, state] = [plain.state, actual.state];
    }
    expect(compiled.cacheSize).toBe(1);
    tf.dispose(state as never);
    expect(tf.memory().numTensors).toBe(before);
    compiled.dispose();
  });

  it('does not change what was read, cloned or computed from it, nor the tensors that it began with', async () => {
    await tf.setBackend(engine().backend);
    const [x, rate, given] = [tf.tensor1d([0.1, 0.2]), tf.scalar(0.05), tf.scalar(0.1)];
    const compiled = jit(step(0.1), { engine: engine(), donate: [0] });
    const mine = Float32Array.from(draw(7, [5, 7]).dataSync());
    const untouched = Float32Array.from(mine);
    let state = begin();
    state.params['dense'] = tf.tensor(mine, [5, 7]);
    let expected = begin();
    expected.params['dense'] = tf.tensor(mine.slice(), [5, 7]);
    const kept: [tf.Tensor, Float32Array][] = [];
    for (let i = 0; i < 6; i++) {
      state = compiled(state, x, rate, given).state;
      expected = step(0.1)(expected, x, rate, given).state;
      const dense = of(state.params, 'dense');
      if (i === 0) dense.dataSync();
      if (i === 1) kept.push([tf.clone(dense), Float32Array.from(dense.dataSync())]);
      if (i === 2) kept.push([tf.mul(dense, 1), Float32Array.from(dense.dataSync())]);
      if (i === 3) {
        state.params['dense'] = tf.mul(dense, 1);
        dense.dispose();
      }
    }
    expect(worst(state, expected)).toBeLessThan(1e-5);
    for (const [tensor, values] of kept) expect(tensor.dataSync()).toEqual(values);
    expect(mine).toEqual(untouched);
    compiled.dispose();
  });
});

it.each([
  ['as a pattern that it knows', 0.1, [4, 4]],
  ['in a form that it does not', undefined, [0, 12]],
] as const)('TensorFlow updates state by its own kernels: %s', (_, decay, counts) => {
  const inputs = [begin(), tf.tensor1d([0.1, 0.2]), tf.scalar(0.05), tf.scalar(0.1)] as const;
  const { count } = tensorflowGraph(step(decay), [...inputs], [0]);
  expect([count('ResourceApplyAdam'), count('ResourceApplyGradientDescent')]).toEqual(counts);
});
