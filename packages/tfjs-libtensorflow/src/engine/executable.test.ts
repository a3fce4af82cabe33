import '@tensorflow/tfjs';
import { type Engine, type Executable, jit } from '@edm2/tfjs-jit';
import { type LibtensorflowEngine, startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LibtensorflowBackend } from '../backend/backend.js';
import { GraphBuilder } from '../graph.test-support.js';
import { installed, named } from '../installed.test-support.js';
import { lowerToTensorflow } from '../lower-to-tensorflow.js';
import type { TensorflowModel } from '../lowering/model.js';
import { type AsyncExecutable, compile } from './executable.js';

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());
const float = { dtype: { type: 1 } };
const T = { T: { type: 1 } };

/** `w ← w − x`; gives the new w, and the old w plus a constant. Fails when x is not finite. */
const model = (): TensorflowModel => ({
  graphDef: new GraphBuilder()
    .placeholder('w', 20, [])
    .placeholder('x', 1, [2])
    .placeholder('c', 1, [2])
    .node('read', 'ReadVariableOp', ['w'], float)
    .node('sum', 'AddV2', ['read', 'c'], T)
    .node('checked', 'CheckNumerics', ['x'], { ...T, message: { text: 'x is not finite' } })
    .node('update', 'AssignSubVariableOp', ['w', 'checked', '^sum'], float)
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

/** `a ← a + 1`, `b ← b + 10`, no tensor among the results. */
const pair = (): TensorflowModel => ({
  graphDef: new GraphBuilder()
    .placeholder('a', 20, [])
    .placeholder('b', 20, [])
    .node('one', 'Const', [], { dtype: { type: 1 }, value: { float: 1 } })
    .node('ten', 'Const', [], { dtype: { type: 1 }, value: { float: 10 } })
    .node('update_a', 'AssignAddVariableOp', ['a', 'one'], float)
    .node('update_b', 'AssignAddVariableOp', ['b', 'ten'], float)
    .encode(),
  inputs: ['a', 'b'].map((node) => ({ node, shape: [], dtype: 'float32', variable: true }) as const),
  outputs: [0, 1].map((input) => ({ kind: 'variable', input, shape: [], dtype: 'float32' }) as const),
  captured: [],
  done: ['update_a', 'update_b'],
});

describe.skipIf(installed === undefined)(named('a compiled function on libtensorflow'), () => {
  let engine: LibtensorflowEngine;
  let handles: number;
  let tensors: number;
  beforeAll(async () => {
    await tf.setBackend('cpu');
    engine = await startLibtensorflow({ device: 'cpu', threads: 2 });
    await tf.setBackend('tensorflow');
  });
  const backend = () => tf.backend() as unknown as LibtensorflowBackend;
  beforeEach(() => {
    handles = backend().runtime.handles;
    tensors = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensors);
    expect(backend().runtime.handles).toBe(handles);
    expect(backend().runtime.functions).toBe(0);
  });
  const load = (given: TensorflowModel): AsyncExecutable => compile(given, backend(), { xla: false });
  const x = () => tf.tensor1d([1, 2]);
  /** One call of `model`: the new state. */
  const step = ({ run }: Executable, state: tf.Tensor, by: tf.Tensor): tf.Tensor => onlyState(run([state, by]));
  const onlyState = ([state, sum]: tf.Tensor[]): tf.Tensor => {
    sum?.dispose();
    if (state === undefined) throw new Error('expected a state, got none');
    return state;
  };
  /** A state in a variable: [10, 20] less [1, 2]. */
  const begin = (executable: Executable, by: tf.Tensor): tf.Tensor => {
    const start = tf.tensor1d([10, 20]);
    const state = step(executable, start, by);
    start.dispose();
    return state;
  };

  it('keeps donated state in a variable from call to call', () => {
    const executable = load(model());
    let w: tf.Tensor = tf.tensor1d([10, 20]);
    const by = x();
    for (let i = 0; i < 3; i++) {
      const [next, sum] = executable.run([w, by]) as [tf.Tensor, tf.Tensor];
      w.dispose();
      w = next;
      expect(values(sum)).toEqual([110 - i, 220 - 2 * i]);
      sum.dispose();
    }
    expect(values(w)).toEqual([7, 14]);
    tf.dispose([w, by]);
    executable.dispose();
  });

  it('takes tensors of other backends, and leaves the caller’s as it was', async () => {
    const executable = load(model());
    await tf.setBackend('cpu');
    const [w, by] = [tf.tensor1d([10, 20]), x()];
    await tf.setBackend('tensorflow');
    const [next, sum] = executable.run([w, by]) as [tf.Tensor, tf.Tensor];
    expect(values(w)).toEqual([10, 20]);
    expect(values(next)).toEqual([9, 18]);
    tf.dispose([w, by, next, sum]);
    executable.dispose();
  });

  it('reads, clones and ops see what the state was, whatever later calls do', async () => {
    const executable = load(model());
    const by = x();
    const first = begin(executable, by);
    const clone = tf.clone(first);
    const double = tf.mul(first, 2);
    const reading = first.data();
    const second = step(executable, first, by);
    first.dispose();
    const third = tf.add(second, 0.5);
    const last = step(executable, second, by);
    second.dispose();
    expect(values(clone)).toEqual([9, 18]);
    expect(values(double)).toEqual([18, 36]);
    expect(Array.from(await reading)).toEqual([9, 18]);
    expect(values(third)).toEqual([8.5, 16.5]);
    expect(values(last)).toEqual([7, 14]);
    tf.dispose([clone, double, third, last, by]);
    executable.dispose();
  });

  it('copies a tensor that comes in twice', () => {
    const executable = load(pair());
    const start = tf.scalar(1);
    const [a, b] = executable.run([start, start]) as [tf.Tensor, tf.Tensor];
    const [c, d] = executable.run([a, a]) as [tf.Tensor, tf.Tensor];
    expect([c, d].map(values)).toEqual([[3], [12]]);
    expect(values(b)).toEqual([11]);
    tf.dispose([start, a, b, c, d]);
    executable.dispose();
  });

  it('lets a call read the state that it updates', () => {
    const executable = load(model());
    const by = x();
    const w = begin(executable, by);
    const [next, sum] = executable.run([w, w]) as [tf.Tensor, tf.Tensor];
    expect([next, sum].map(values)).toEqual([
      [0, 0],
      [109, 218],
    ]);
    tf.dispose([w, next, sum, by]);
    executable.dispose();
  });

  it('leaves the state as it was when a call fails, and says why', () => {
    const executable = load(model());
    const [by, bad] = [x(), tf.tensor1d([1, Number.NaN])];
    const start = tf.tensor1d([10, 20]);
    expect(() => executable.run([start, bad])).toThrow(/running edm2_jit_\d+ on .*x is not finite/s);
    const w = step(executable, start, by);
    for (let i = 0; i < 50; i++) expect(() => executable.run([w, bad])).toThrow(/x is not finite/);
    expect(values(w)).toEqual([9, 18]);
    const next = step(executable, w, by);
    expect(values(next)).toEqual([8, 16]);
    tf.dispose([start, w, next, by, bad]);
    executable.dispose();
  });

  it('survives running out of memory', () => {
    const huge = load({
      ...model(),
      graphDef: new GraphBuilder()
        .placeholder('w', 20, [])
        .placeholder('x', 1, [2])
        .placeholder('c', 1, [2])
        .node('dims', 'Cast', ['x'], { SrcT: { type: 1 }, DstT: { type: 3 } })
        .node('zero', 'Const', [], { dtype: { type: 1 }, value: { float: 0 } })
        .node('huge', 'Fill', ['dims', 'zero'], { ...T, index_type: { type: 3 } })
        .node('axes', 'Const', [], { dtype: { type: 3 }, value: { ints: [0, 1] } })
        .node('total', 'Sum', ['huge', 'axes'], { ...T, Tidx: { type: 3 } })
        .node('sum', 'AddV2', ['x', 'total'], T)
        .node('update', 'AssignSubVariableOp', ['w', 'c', '^sum'], float)
        .encode(),
    });
    const fine = load(model());
    const by = x();
    const w = begin(fine, by);
    const sizes = tf.tensor1d([2 ** 30, 2 ** 20]);
    expect(() => huge.run([w, sizes])).toThrow(/RESOURCE_EXHAUSTED: .*OOM when allocating tensor/s);
    const next = step(fine, w, by);
    expect(values(next)).toEqual([8, 16]);
    tf.dispose([w, next, by, sizes]);
    huge.dispose();
    fine.dispose();
  });

  it('refuses a tensor that was donated', () => {
    const executable = load(pair());
    const starts = [tf.scalar(1), tf.scalar(2)];
    const [a, b] = executable.run(starts) as [tf.Tensor, tf.Tensor];
    tf.dispose(starts);
    const [c, d] = executable.run([a, b]) as [tf.Tensor, tf.Tensor];
    expect(() => a.dataSync()).toThrow(/got one that was donated to a compiled function/);
    expect(() => executable.run([a, d])).toThrow(/was donated/);
    expect([c, d].map(values)).toEqual([[3], [22]]);
    tf.dispose([a, b, c, d]);
    executable.dispose();
  });

  it('looks at indices itself where kernels do not: compiled with XLA', async () => {
    const xla: Engine = {
      ...engine,
      name: 'xla',
      compile: (graph, options) => compile(lowerToTensorflow(graph, options, 'tensorflow'), backend(), { xla: true }),
    };
    const gather = jit((t: tf.Tensor, i: tf.Tensor1D) => tf.sum(tf.gather(t, i)), { engine: xla });
    const table = tf.tensor1d([1, 2, 4]);
    const [right, wrong] = [tf.tensor1d([0, 2], 'int32'), tf.tensor1d([0, 3], 'int32')];
    const sum = gather(table, right);
    expect(values(sum)).toEqual([5]);
    expect(() => gather(table, wrong)).toThrow(
      /^GatherV2: the index value one of them is not in \[0, 2\] \(tf\.gather at/,
    );
    await expect(gather.runAsync(table, wrong)).rejects.toThrow(/GatherV2: the index value/);
    gather.dispose();
    tf.dispose([table, right, wrong, sum]);
  });

  it('runs beside the event loop, and guards the state meanwhile', async () => {
    const executable = load(model());
    const by = x();
    const w = begin(executable, by);
    const running = executable.runAsync([w, by]);
    expect(() => w.dataSync()).toThrow(/a call which has not ended yet/);
    expect(() => executable.run([w, by])).toThrow(/Await that call first/);
    w.dispose();
    const next = onlyState(await running);
    expect(values(next)).toEqual([8, 16]);
    const bad = tf.tensor1d([0, Number.NaN]);
    await expect(executable.runAsync([next, bad])).rejects.toThrow(/x is not finite/);
    expect(values(next)).toEqual([8, 16]);
    tf.dispose([next, by, bad]);
    executable.dispose();
  });

  it('does not grow over many calls', () => {
    const size = 1 << 18;
    const graphDef = new GraphBuilder()
      .placeholder('w', 20, [])
      .placeholder('x', 1, [size])
      .node('update', 'AssignSubVariableOp', ['w', 'x'], float)
      .encode();
    const executable: AsyncExecutable = compile(
      {
        ...model(),
        graphDef,
        inputs: ['w', 'x'].map((node, i) => ({ node, shape: [size], dtype: 'float32', variable: i === 0 }) as const),
        outputs: [{ kind: 'variable', input: 0, shape: [size], dtype: 'float32' }],
        captured: [],
      },
      backend(),
      { xla: false },
    );
    const by = tf.ones([size]);
    let w: tf.Tensor = tf.zeros([size]);
    const run = (times: number): void => {
      for (let i = 0; i < times; i++) {
        const [next = by] = executable.run([w, by]);
        w.dispose();
        w = next;
      }
    };
    run(50);
    const resident = process.memoryUsage().rss;
    // 1000 calls write 1 GB.
    run(1000);
    expect(process.memoryUsage().rss - resident).toBeLessThan(256e6);
    expect(w.dataSync()[7]).toBe(-1050);
    tf.dispose([w, by]);
    executable.dispose();
  });
});
