import '@tensorflow/tfjs';
import type { TensorflowModel } from '@edm2/tfjs-jit';
import { type LibtensorflowEngine, startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LibtensorflowBackend } from './backend/backend.js';
import { GraphBuilder } from './graph.test-support.js';
import { installed, named } from './installed.test-support.js';

describe.skipIf(installed === undefined)(named('libtensorflow as an engine'), () => {
  let engine: LibtensorflowEngine;
  beforeAll(async () => {
    await tf.setBackend('cpu');
    engine = await startLibtensorflow({ device: 'cpu', threads: 2 });
  });
  beforeEach(async () => {
    await tf.setBackend('tensorflow');
  });
  const runtime = () => (tf.backend() as unknown as LibtensorflowBackend).runtime;

  it('runs ops with gradients as cpu does', () => {
    const y = tf.grad((x: tf.Tensor) => tf.sum(tf.conv2d(x as tf.Tensor4D, tf.ones([3, 3, 2, 2]), 1, 'same')))(
      tf.ones([1, 4, 4, 2]),
    );
    expect(Array.from(y.dataSync().slice(0, 4))).toEqual([8, 8, 12, 12]);
    y.dispose();
  });

  /** `w ← w − x`, returns the mean of the old w. */
  const model = (): TensorflowModel => ({
    format: 'tensorflow',
    graphDef: new GraphBuilder()
      .placeholder('w', 20, [])
      .placeholder('x', 1, [2])
      .placeholder('c', 1, [2])
      .node('read', 'ReadVariableOp', ['w'], { dtype: { type: 1 } })
      .node('sum', 'AddV2', ['read', 'c'], { T: { type: 1 } })
      .node('update', 'AssignSubVariableOp', ['w', 'x', '^sum'], { dtype: { type: 1 } })
      .encode(),
    inputs: [
      { node: 'w', shape: [2], dtype: 'float32', variable: true },
      { node: 'x', shape: [2], dtype: 'float32', variable: false },
    ],
    outputs: [
      { kind: 'variable', input: 0, shape: [2], dtype: 'float32' },
      { kind: 'tensor', node: 'sum', shape: [2], dtype: 'float32' },
    ],
    captured: [{ node: 'c', shape: [2], dtype: 'float32', data: Float32Array.of(100, 200) }],
    done: ['update'],
  });

  it('keeps donated state in a variable', () => {
    const handles = runtime().handles;
    const tensors = tf.memory().numTensors;
    const executable = engine.compile(model());
    let w: tf.Tensor = tf.tensor1d([10, 20]);
    const x = tf.tensor1d([1, 2]);
    for (let i = 0; i < 3; i++) {
      const [next, sum] = executable.run([w, x]) as [tf.Tensor, tf.Tensor];
      w.dispose();
      w = next;
      expect(Array.from(sum.dataSync())).toEqual([110 - i, 220 - 2 * i]);
      sum.dispose();
    }
    expect(Array.from(w.dataSync())).toEqual([7, 14]);
    w.dispose();
    x.dispose();
    executable.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(runtime().handles).toBe(handles);
    expect(runtime().functions).toBe(0);
  });
});
