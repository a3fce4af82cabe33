import '@tensorflow/tfjs'; // registers the gradients
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { expectCoverage, noteKernels } from './coverage.js';
import { describeEngines } from './engines.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The message of what a call throws. */
function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

/** What a function throws on cpu, in a tidy. */
const onCpu = (call: () => tf.Tensor): string => messageOf(() => tf.tidy(call));

const HERE = /\(tf\.(\w+) at .*index-errors\.test\.ts:\d+:\d+\)$/;

describeEngines('wrong indices', (engine) => {
  it('say the line in the words of cpu, when they are known and when they are not', () => {
    const x = tf.tensor1d([1, 2, 3, 4]);
    for (const wrong of [-3, -1, 4, 1_000_000, -(2 ** 31), 2 ** 31 - 1]) {
      const index = tf.tensor1d([0, wrong], 'int32');
      const words = onCpu(() => tf.gather(x, index));
      expect(words).toBe(`GatherV2: the index value ${wrong} is not in [0, 3]`);
      const later = jit((t: tf.Tensor, i: tf.Tensor1D) => tf.sum(tf.gather(t, i)), { engine: engine() });
      const now = jit((t: tf.Tensor) => tf.sum(tf.gather(t, tf.tensor1d([0, wrong], 'int32'))), { engine: engine() });
      const folded = jit(
        (t: tf.Tensor) => tf.gather(t, tf.sub(tf.tensor1d([1, wrong + 1], 'int32'), tf.scalar(1, 'int32'))),
        {
          engine: engine(),
        },
      );
      for (const message of [
        messageOf(() => later(x, index)),
        messageOf(() => now(x)),
        ...(Math.abs(wrong) < 2 ** 31 - 1 ? [messageOf(() => folded(x))] : []),
      ]) {
        expect(message).toContain(words);
        expect(HERE.exec(message)?.[1]).toBe('gather');
      }
      tf.dispose([index]);
      for (const fn of [later, now, folded]) fn.dispose();
    }
    x.dispose();
  });

  it('lie in their own axis: a column too many is not the next row', () => {
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const gather = jit((t: tf.Tensor, i: tf.Tensor) => tf.gatherND(t, i), { engine: engine() });
    const scatter = jit((i: tf.Tensor2D, u: tf.Tensor1D) => tf.scatterND(i, u, [2, 2]), { engine: engine() });
    const update = jit((t: tf.Tensor, i: tf.Tensor2D, u: tf.Tensor1D) => tf.tensorScatterUpdate(tf.mul(t, 1), i, u), {
      engine: engine(),
    });
    for (const row of [
      [0, 2],
      [1, -1],
      [-1, 3],
      [2, 0],
    ]) {
      const i = tf.tensor2d(row, [1, 2], 'int32');
      const u = tf.tensor1d([5]);
      for (const call of [() => gather(x, i), () => scatter(i, u), () => update(x, i, u)]) {
        expect(messageOf(call)).toMatch(
          /^Invalid indices: .* does not index into 2,2 \(tf\.\w+ at .*index-errors\.test\.ts/,
        );
      }
      tf.dispose([i, u]);
    }
    const fine = tf.tensor2d([1, 0, 0, 1], [2, 2], 'int32');
    expect(Array.from(gather(x, fine).dataSync())).toEqual([3, 2]);
    for (const fn of [gather, scatter, update]) fn.dispose();
    tf.dispose([x, fine]);
  });

  it('lie in their own batch', () => {
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const gather = jit((t: tf.Tensor, i: tf.Tensor2D) => tf.gather(t, i, 1, 1), { engine: engine() });
    const wrong = tf.tensor2d([3, 0], [2, 1], 'int32');
    expect(messageOf(() => gather(x, wrong))).toContain(onCpu(() => tf.gather(x, wrong, 1, 1)));
    const right = tf.tensor2d([2, 0], [2, 1], 'int32');
    expect(Array.from(gather(x, right).dataSync())).toEqual([3, 4]);
    gather.dispose();
    tf.dispose([x, wrong, right]);
  });

  it('leave donated state, variables and memory as they were', () => {
    const counter = tf.variable(tf.scalar(0));
    const step = jit(
      ({ table }: { table: tf.Tensor }, i: tf.Tensor1D) => {
        counter.assign(tf.add(counter, 1) as tf.Scalar);
        const rows = tf.gather(table, i);
        return { state: { table: tf.sub(table, tf.mul(table, 0.5)) }, sum: tf.sum(rows) };
      },
      { engine: engine(), donate: [0] },
    );
    const [right, wrong] = [tf.tensor1d([0, 1], 'int32'), tf.tensor1d([0, 2], 'int32')];
    const first = step({ table: tf.tensor1d([2, 4]) }, right);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 3; i++) {
      expect(messageOf(() => step(first.state, wrong))).toMatch(/GatherV2: the index value 2 is not in \[0, 1\]/);
    }
    expect(tf.memory().numTensors).toBe(before);
    expect(Array.from(first.state.table.dataSync())).toEqual([1, 2]);
    expect(counter.dataSync()[0]).toBe(1);
    const second = step(first.state, right);
    expect(second.sum.dataSync()[0]).toBe(3);
    step.dispose();
    tf.dispose([right, wrong, first.sum, second.sum, second.state.table, counter]);
  });

  it('counts refuse negative values, and broadcastArgs shapes that do not broadcast', () => {
    const none = tf.tensor1d([]);
    const count = jit((x: tf.Tensor1D) => tf.bincount(x, none, 3), { engine: engine() });
    const negative = tf.tensor1d([0, -1, 1], 'int32');
    expect(messageOf(() => count(negative))).toMatch(/^Input x must be non-negative! \(tf\.bincount at .*index-errors/);
    const run = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.engine().runKernel('BroadcastArgs', { s0: a, s1: b });
    const shapes = jit(run, { engine: engine() });
    const [a, b] = [tf.tensor1d([2, 3], 'int32'), tf.tensor1d([4, 3], 'int32')];
    expect(messageOf(() => noteKernels(true, () => shapes(a, b)))).toMatch(/^Operands could not be broadcast/);
    for (const fn of [count, shapes]) fn.dispose();
    tf.dispose([none, negative, a, b]);
  });

  it('whole numbers divide as on cpu: by 0, by -1, to negative powers', () => {
    const a = tf.tensor1d([-(2 ** 31), 7, -7, 5, 2, 0], 'int32');
    const b = tf.tensor1d([-1, 0, 2, -3, -1, -1], 'int32');
    const fn = (x: tf.Tensor, y: tf.Tensor): tf.Tensor[] => [
      tf.floorDiv(x, y),
      tf.mod(x, y),
      tf.div(x, y),
      tf.divNoNan(x, y),
      tf.pow(x, y),
      tf.cast(tf.div(tf.cast(x, 'float32'), tf.cast(y, 'float32')), 'int32'),
    ];
    const compiled = jit(fn, { engine: engine() });
    const made = compiled(a, b).map((t) => Array.from(t.dataSync()));
    expect(made).toEqual(fn(a, b).map((t) => Array.from(t.dataSync())));
    compiled.dispose();
    tf.dispose([a, b]);
  });
});

it('covers the kernels that tfjs-jit’s README says', () => expectCoverage('index-errors'));
