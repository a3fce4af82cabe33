import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { graphOf, kernels } from '../testing/graphs.test-support.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

let before = 0;
let x: tf.Tensor;
beforeEach(() => {
  x = tf.tensor1d([1, 2, 3]);
  before = tf.memory().numTensors;
});
const refused = (fn: (t: tf.Tensor) => unknown, message: RegExp): void => {
  expect(() => graphOf(fn as never, [x])).toThrow(message);
  expect(tf.getBackend()).toBe('cpu');
  expect(tf.memory().numTensors).toBe(before);
};

describe('trace', () => {
  it('records kernels with known shapes, canonical attributes and the op that asked', () => {
    const graph = graphOf(((t: tf.Tensor) => tf.sum(tf.reshape(t, [-1, 1]), -1)) as never, [x]);
    expect(graph.nodes.map(({ kernel, op, attrs }) => [kernel, op, attrs])).toEqual([
      ['Reshape', 'reshape', { shape: [3, 1] }],
      ['Sum', 'sum', { axis: [1], keepDims: false }],
    ]);
    expect(graph.outputs[0]?.shape).toEqual([3]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('traces gradients, custom ones too', () => {
    const cube = tf.customGrad((t) => ({
      value: tf.pow(t as tf.Tensor, 3),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, 42),
    }));
    const graph = graphOf(((t: tf.Tensor) => tf.grad((y: tf.Tensor) => tf.sum(cube(y)))(t)) as never, [x]);
    expect(kernels(graph)).toContain('Multiply');
    expect([...graph.constants.values()].some((data) => data[0] === 42)).toBe(true);
  });

  it('captures tensors of other backends as constants', () => {
    const w = tf.tensor1d([4, 5, 6]);
    const graph = graphOf(((t: tf.Tensor) => tf.add(t, w)) as never, [x]);
    expect([...graph.constants.values()].map((data) => [...data])).toEqual([[4, 5, 6]]);
    w.dispose();
  });

  it('lets constants be read: their values are known', () => {
    const graph = graphOf(((t: tf.Tensor) => tf.mul(t, tf.scalar(3).dataSync()[0] ?? 0)) as never, [x]);
    expect(kernels(graph)).toEqual(['Multiply']);
  });

  it('refuses reading, random draws, promises, escaping tensors and strings, and leaves nothing behind', () => {
    refused(
      (t) => tf.mul(t, tf.sum(t).dataSync()[0] ?? 0),
      /expected a function whose result does not depend on reading.*tf\.where/,
    );
    refused((t) => tf.add(t, tf.randomNormal([3])), /got tf\.randomNormal.*pass the numbers as an argument/);
    refused((t) => tf.dropout(t, 0.5), /got tf\.random/);
    refused(async (t) => tf.neg(t), /expected a synchronous function/);
    refused(() => tf.tensor1d(['a']), /string tensor/);
    refused(() => ({ data: new Float32Array(1) }), /result of the function.*got a Float32Array at 'data'/);
    refused((t) => {
      tf.neg(t);
      throw new Error('mine');
    }, /^mine$/);
  });

  it('refuses a tensor that is kept, and lets it go', () => {
    let kept: tf.Tensor | undefined;
    expect(() =>
      graphOf(
        ((t: tf.Tensor) => {
          kept = tf.keep(tf.neg(t));
          return tf.abs(t);
        }) as never,
        [x],
      ),
    ).toThrow(/expected every tensor made in the traced function to end with it.*Return it instead/);
    expect(kept?.isDisposed).toBe(true);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses making, assigning and disposing variables, which stay as they were', () => {
    const v = tf.variable(tf.tensor1d([7, 8, 9]), true, 'mine');
    before = tf.memory().numTensors;
    refused((t) => tf.variable(t), /makes no variables, got tf\.variable\. Make it before the call/);
    refused(
      (t) => v.assign(t as tf.Tensor1D),
      /leaves variables alone, got an assignment.*'mine'.*Return the new value/,
    );
    refused(() => v.dispose(), /leaves variables alone/);
    expect([...v.dataSync()]).toEqual([7, 8, 9]);
    tf.engine().disposeVariables();
    before = tf.memory().numTensors;
  });

  it('leaves nothing behind when a gradient is cut short by an error', () => {
    const ids = tf.engine().backend.numDataIds();
    refused(
      (t) =>
        tf.grad((y: tf.Tensor) => {
          tf.square(tf.exp(y));
          throw new Error('mine');
        })(t),
      /^mine$/,
    );
    refused((t) => tf.where(tf.greater(t, 0), t, tf.neg(t)).arraySync(), /does not depend on reading/);
    refused((t) => t.print(), /does not depend on reading/);
    refused((t) => (tf.any(tf.greater(t, 0)).dataSync()[0] ? t : tf.neg(t)), /tf\.where instead of if/);
    expect(tf.engine().backend.numDataIds()).toBe(ids);
  });

  it('refuses a tensor of another trace', () => {
    let leaked: tf.Tensor | undefined;
    graphOf(
      ((t: tf.Tensor) => {
        leaked = tf.neg(t);
        return tf.abs(t);
      }) as never,
      [x],
    );
    refused((t) => tf.add(t, leaked as tf.Tensor), /got a disposed one in tf\.add.*return what is needed later/);
  });

  it('names a kernel without lowering, the op that asked, and the kernels most like it', () => {
    tf.registerKernel({ kernelName: 'Onehott', backendName: 'cpu', kernelFunc: () => [] });
    refused(
      (t) => tf.engine().runKernel('Onehott', { t }, {}) as tf.Tensor,
      /got Onehott \(asked for by tf\..*\), which has no lowering\. Write it with other ops.*\d+ kernels that are known include OneHot, (\w+, )\w+\.$/,
    );
    tf.unregisterKernel('Onehott', 'cpu');
  });

  it.each([
    ['Unique', (t: tf.Tensor) => tf.unique(t).values, /depends on values.*Call it outside/],
    ['Multinomial', (t: tf.Tensor) => tf.multinomial(t as tf.Tensor1D, 2), /draws random numbers.*Draw outside/],
    [
      'Transform',
      (t: tf.Tensor) => tf.image.transform(tf.reshape(t, [1, 1, 3, 1]), tf.ones([1, 8])),
      /warps images.*before it or after/,
    ],
    ['RotateWithOffset', (t: tf.Tensor) => tf.image.rotateWithOffset(tf.reshape(t, [1, 1, 3, 1]), 1), /turns or warps/],
    [
      'NonMaxSuppressionV3',
      (t: tf.Tensor) => tf.image.nonMaxSuppression(tf.ones([3, 4]), t as tf.Tensor1D, 2),
      /depends on values.*Call it outside/,
    ],
    ['FFT', (t: tf.Tensor) => tf.spectral.rfft(t), /no complex numbers.*two tensors/],
  ])('says why %s is refused', (_, fn, message) => refused(fn, message));
});
