import '@tensorflow/tfjs'; // registers the gradients
import { draw } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeEngines } from './engines.js';

beforeEach(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => tf.disposeVariables());

const step = (state: { w: tf.Tensor }, x: tf.Tensor) => {
  const w = tf.sub(state.w, x);
  return { state: { w }, sum: tf.sum(w) };
};

describeEngines('runAsync', (engine, name) => {
  it('gives what a call gives, from step to step', async () => {
    const compiled = jit(step, { engine: engine(), donate: [0] });
    const before = tf.memory().numTensors;
    const x = tf.tensor1d([1, 2]);
    let state: { w: tf.Tensor } = { w: tf.tensor1d([10, 20]) };
    const sums: number[] = [];
    for (let i = 0; i < 3; i++) {
      const old = state.w;
      const next = await compiled.runAsync(state, x);
      expect(old.isDisposed).toBe(true);
      sums.push(next.sum.dataSync()[0] ?? Number.NaN);
      next.sum.dispose();
      state = next.state;
    }
    expect(sums).toEqual([27, 24, 21]);
    expect([...state.w.dataSync()]).toEqual([7, 14]);
    // The same state goes on through a call that waits.
    const { state: last, sum } = compiled(state, x);
    expect(sum.dataSync()[0]).toBe(18);
    tf.dispose([last.w, sum, x]);
    compiled.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('assigns the variables that the function assigns', async () => {
    const v = tf.variable(tf.scalar(2));
    const count = jit(
      (x: tf.Tensor) => {
        v.assign(tf.add(v, x) as tf.Scalar);
        return tf.mul(v, 2);
      },
      { engine: engine() },
    );
    const three = tf.scalar(3);
    expect((await count.runAsync(three)).dataSync()[0]).toBe(10);
    expect((await count.runAsync(three)).dataSync()[0]).toBe(16);
    expect(v.dataSync()[0]).toBe(8);
    count.dispose();
  });

  it('rejects with what goes wrong, and is refused inside a trace', async () => {
    const compiled = jit(step, { engine: engine() });
    const gone = tf.scalar(1);
    gone.dispose();
    await expect(compiled.runAsync({ w: gone }, gone)).rejects.toThrow(/got a disposed one at '0\.w'/);
    const refused: Promise<unknown>[] = [];
    const outer = jit(
      (x: tf.Tensor) => {
        refused.push(compiled.runAsync({ w: x }, x));
        return x;
      },
      { engine: engine() },
    );
    outer(tf.scalar(1));
    await expect(refused[0]).rejects.toThrow(/expected runAsync to be called outside a traced function/);
  });

  if (name !== 'libtensorflow') return;

  const product = (w: tf.Tensor, x: tf.Tensor) => tf.matMul(x, tf.matMul(x, tf.matMul(x, w)));

  it('leaves the event loop free', async () => {
    const compiled = jit(product, { engine: engine() });
    const [w, x] = [draw(1, [1500, 1500]), draw(2, [1500, 1500])];
    compiled(w, x).dispose();
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    const y = await compiled.runAsync(w, x);
    running = false;
    // One turn hands the result over; 20 GFLOP last longer than a few.
    expect(turns).toBeGreaterThan(3);
    tf.dispose([w, x, y]);
    compiled.dispose();
  });

  it('guards donated tensors and assigned variables until it ends, also when the function is let go meanwhile', async () => {
    const v = tf.variable(tf.scalar(0));
    const compiled = jit(
      (w: tf.Tensor, x: tf.Tensor) => {
        v.assign(tf.add(v, 1) as tf.Scalar);
        return product(w, x);
      },
      { engine: engine(), donate: [0] },
    );
    const [w, x] = [draw(1, [300, 300]), draw(2, [300, 300])];
    const other = jit((t: tf.Tensor) => tf.mul(t, v), { engine: engine() });
    other(x).dispose();
    v.assign(tf.scalar(1));
    other(x).dispose();
    for (let i = 0; i < 2; i++) {
      const state = tf.clone(w);
      const running = compiled.runAsync(state, x);
      expect(() => compiled(state, x)).toThrow(/got '0', which a runAsync that has not ended yet was given/);
      await expect(compiled.runAsync(state, x)).rejects.toThrow(/Await that call first/);
      expect(() => other(x)).toThrow(/got variable '.*', which a runAsync/);
      compiled.dispose();
      const y = await running;
      expect(state.isDisposed).toBe(true);
      expect(Number.isFinite(y.dataSync()[0])).toBe(true);
      y.dispose();
    }
    expect(v.dataSync()[0]).toBe(3);
    compiled.dispose();
    other.dispose();
    tf.dispose([w, x]);
  });
});
