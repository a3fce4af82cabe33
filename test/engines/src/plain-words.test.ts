import { draw } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeEngines } from './engines.js';

beforeEach(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => tf.disposeVariables());

describeEngines('what a compiled function cannot do, in plain words', (engine) => {
  /** Refused at the first call and at the next, with nothing left over. */
  const refused = (fn: (x: tf.Tensor) => unknown, x: tf.Tensor, message: RegExp): void => {
    const before = tf.memory().numTensors;
    const compiled = jit(fn, { engine: engine() });
    for (let i = 0; i < 2; i++) expect(() => compiled(x)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
    expect(tf.getBackend()).toBe('cpu');
    compiled.dispose();
  };

  it('gives nothing, unless it assigns a variable; what holds no tensor comes as it is', () => {
    const x = tf.tensor1d([1, 2]);
    const v = tf.variable(tf.tensor1d([0, 0]));
    refused(
      (t) => void tf.mul(t, 2),
      x,
      /returns tensors or assigns variables, got one that does neither\. Return what/,
    );
    const assigning = jit((t: tf.Tensor) => v.assign(tf.add(v, t) as tf.Tensor1D), { engine: engine() });
    expect([assigning(x), assigning(x)]).toEqual([undefined, undefined]);
    expect([...v.dataSync()]).toEqual([2, 4]);
    const plain = jit((t: tf.Tensor) => ({ rank: t.rank, none: {}, list: [null, 'a'] }), { engine: engine() });
    for (let i = 0; i < 2; i++) expect(plain(x)).toEqual({ rank: 1, none: {}, list: [null, 'a'] });
    plain.dispose();
  });

  it('waits for nothing', async () => {
    const x = tf.tensor1d([1, 2]);
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    let after = 0;
    const promise = /expected a synchronous function, got one that returns a promise.*Await outside/;
    expect(() => jit(async (t: tf.Tensor) => t, { engine: engine() })).toThrow(promise);
    refused(
      (t) =>
        t.data().then(() => {
          after++;
        }),
      x,
      promise,
    );
    refused((t) => tf.whereAsync(tf.greater(t, 1)), x, promise);
    // What is awaited and not returned is not silently left out.
    refused(
      (t) => {
        const y = tf.square(t);
        void y.data().then(() => {
          after++;
        });
        return y;
      },
      x,
      /does not depend on reading a tensor, got dataSync\(\) or data\(\)/,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', note);
    expect([after, unhandled]).toEqual([0, []]);
    const known = jit(
      (t: tf.Tensor) => {
        void tf
          .range(0, 3)
          .data()
          .then((values) => {
            after += values.length;
          });
        return tf.square(t);
      },
      { engine: engine() },
    );
    expect([...known(x).dataSync()]).toEqual([1, 4]);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(after).toBe(3);
  });

  it('has no state of its own: a recurrent layer with states, used before or not', () => {
    const { layers } = tf;
    const x = draw(1, [2, 3, 1]);
    for (const make of [layers.lstm, layers.gru, layers.simpleRNN]) {
      for (const used of [false, true]) {
        const model = tf.sequential({
          layers: [make({ units: 2, stateful: true, batchInputShape: [2, 3, 1] }) as tf.layers.Layer],
        });
        if (used) model.predict(x);
        const compiled = jit((t: tf.Tensor) => model.apply(t) as tf.Tensor, { engine: engine() });
        expect(() => compiled(x)).toThrow(
          /got a recurrent layer with stateful: true.*initialState.*call resetStates\(\) on it/,
        );
        model.resetStates();
        expect((model.predict(x) as tf.Tensor).shape).toEqual([2, 2]);
        compiled.dispose();
      }
    }
  });

  it('neither ends tensors from outside nor keeps its own', () => {
    const x = tf.tensor1d([1, 2]);
    const closed = tf.tensor1d([3, 4]);
    refused(
      (t) => {
        const y = tf.mul(t, closed);
        closed.dispose();
        return y;
      },
      x,
      /disposes only of tensors that it made, got the end of one from outside\. Dispose it outside/,
    );
    expect([...closed.dataSync()]).toEqual([3, 4]);
    refused((t) => tf.keep(tf.neg(t)).rank, x, /got one that was kept \(tf\.keep\)\. Return it instead/);
  });

  it('differentiates no variables that are arguments', () => {
    const v = tf.variable(tf.tensor1d([1, 2]));
    const optimizer = tf.train.sgd(0.1);
    refused(
      (t) => optimizer.minimize(() => tf.sum(tf.square(t)) as tf.Scalar, true, [t as tf.Variable]),
      v,
      /got others: an argument is a tensor inside, also where a variable was passed\. Close over the variable, or use/,
    );
    expect([...v.dataSync()]).toEqual([1, 2]);
  });

  it('turns no images and suppresses no boxes', () => {
    const image = draw(1, [1, 4, 4, 1]);
    const warp = /turns or warps images\. Turn or warp images outside/;
    refused((t) => tf.image.rotateWithOffset(t as tf.Tensor4D, 0.5), image, warp);
    refused((t) => tf.image.transform(t as tf.Tensor4D, tf.ones([1, 8])), image, warp);
    const boxes = draw(2, [3, 4]) as tf.Tensor2D;
    const values =
      /got NonMaxSuppressionV\d \(asked for by tf\.nonMaxSuppression\w*\): the shape of its result depends on/;
    refused((t) => tf.image.nonMaxSuppression(t as tf.Tensor2D, tf.ones([3]), 2), boxes, values);
    refused((t) => tf.image.nonMaxSuppressionWithScore(t as tf.Tensor2D, tf.ones([3]), 2), boxes, values);
    refused((t) => tf.image.nonMaxSuppressionPadded(t as tf.Tensor2D, tf.ones([3]), 2), boxes, values);
  });

  it('consumes the arguments that there are', () => {
    const x = tf.tensor1d([1, 2]);
    const compiled = jit((a: tf.Tensor, b?: tf.Tensor) => tf.add(a, b ?? 1), { engine: engine(), donate: [1] });
    expect(() => compiled(x)).toThrow(
      /arguments that donate lists, got 1 arguments and donate \[1\]\. Positions count from 0/,
    );
    expect([...compiled(x, tf.scalar(2)).dataSync()]).toEqual([3, 4]);
    expect(x.isDisposed).toBe(false);
    compiled.dispose();
  });
});
