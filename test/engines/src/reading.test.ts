import '@tensorflow/tfjs'; // registers the gradients
import { difference, draw } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { describeEngines } from './engines.js';

beforeEach(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => {
  vi.restoreAllMocks();
  tf.disposeVariables();
});

/** Steps from one list of numbers to another, of the same length or not. */
const STEPS: Record<string, (x: tf.Tensor1D) => tf.Tensor> = {
  double: (x) => tf.mul(x, 2),
  reversed: (x) => tf.reverse(x),
  summed: (x) => tf.cumsum(x),
  first: (x) => tf.slice(x, [0], [Math.max(1, x.size - 1)]),
  twice: (x) => tf.tile(x, [2]),
  zeros: (x) => tf.concat([x, tf.zerosLike(x)]),
  picked: (x) => tf.gather(x, tf.tensor1d([0, 0, x.size - 1], 'int32')),
  strided: (x) => tf.stridedSlice(x, [0], [x.size], [2]),
  split: (x) => tf.unstack(x)[0] as tf.Tensor,
  joined: (x) => tf.stack([x, x], 1),
  largest: (x) => tf.topk(x).values,
  greater: (x) => tf.cast(tf.greater(x, 1), 'float32'),
};
const steps = fc.array(fc.constantFrom(...Object.keys(STEPS)), { maxLength: 5 });

describeEngines('reading inside a compiled function', (engine) => {
  describe.each(['cpu', 'the engine’s'])('on %s backend', (backend) => {
    it('gives what is known when the function is traced: ranges, closed-over tensors, what ops make of them', async () => {
      await tf.setBackend(backend === 'cpu' ? 'cpu' : engine().backend);
      const closed = tf.tensor1d([3, 1, 2]);
      const begin: Record<string, (x: tf.Tensor) => tf.Tensor> = {
        range: () => tf.range(1, 5),
        fill: () => tf.fill([3], 2),
        closed: () => closed,
        shape: (x) => tf.cast(tf.tensor1d(x.shape, 'int32'), 'float32'),
        like: (x) => tf.onesLike(x),
      };
      const read = fc.record({ from: fc.constantFrom(...Object.keys(begin)), through: steps, inside: fc.boolean() });
      fc.assert(
        fc.property(read, ({ from, through, inside }) => {
          const numbers: number[][] = [];
          const constant = (x: tf.Tensor): tf.Tensor => {
            const made = through.reduce<tf.Tensor>(
              (t, name) => (STEPS[name] as (t: tf.Tensor1D) => tf.Tensor)(tf.reshape(t, [t.size])),
              (begin[from] as (x: tf.Tensor) => tf.Tensor)(x),
            );
            const values = Array.from(made.dataSync());
            numbers.push(values);
            return tf.sum(
              tf.mul(
                x,
                values.reduce((sum, n) => sum + n, 0.5),
              ),
            );
          };
          const fn = (x: tf.Tensor): tf.Tensor => (inside ? tf.grad(constant)(x) : constant(x));
          const x = tf.tensor1d([0.5, 0.25]);
          const compiled = jit(fn, { engine: engine() });
          expect(difference(compiled(x), fn(x))).toBeLessThan(1e-6);
          expect(numbers[1]).toEqual(numbers[0]);
          compiled.dispose();
        }),
        { numRuns: 40, seed: 2 },
      );
    });
  });

  it('is refused where the values are known only when the function runs, with the variable that is to blame', () => {
    const v = tf.variable(tf.tensor1d([1, 2]), true, 'mine');
    const x = tf.tensor1d([3, 4]);
    const before = tf.memory().numTensors;
    const refused = (fn: (t: tf.Tensor) => unknown, message: RegExp): void => {
      const compiled = jit((t: tf.Tensor) => tf.mul(t, fn(t) as number), { engine: engine() });
      for (let i = 0; i < 2; i++) expect(() => compiled(x)).toThrow(message);
    };
    const unknown =
      /does not depend on reading a tensor, got dataSync\(\) or data\(\) on a value that is only known when/;
    refused((t) => tf.add(tf.range(0, 2), t).arraySync(), unknown);
    refused((t) => tf.sum(tf.gather(tf.range(0, 2), tf.cast(t, 'int32'))).arraySync(), unknown);
    refused(() => tf.sum(v).arraySync(), /runs, for it depends on variable 'mine'\. Return the tensor/);
    refused((t) => {
      v.assign(t as tf.Tensor1D);
      return v.dataSync()[0];
    }, unknown);
    expect([...v.dataSync()]).toEqual([1, 2]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('of a variable gives what it is at the time of the call, or says that every change compiles again', () => {
    const said: string[] = [];
    const v = tf.variable(tf.scalar(2), true, 'mine');
    const copy = tf.variable(v, true, 'copy');
    const fn = (x: tf.Tensor): tf.Tensor => tf.mul(x, (v.dataSync()[0] as number) + 10 * (copy.arraySync() as number));
    const compiled = jit(fn, { engine: engine(), warn: (message) => void said.push(message) });
    const x = tf.tensor1d([1, 3]);
    for (let i = 0; i < 12; i++) {
      if (i % 2 === 0) v.assign(tf.scalar(i));
      else copy.assign(v);
      for (let again = 0; again < 2; again++) expect([...compiled(x).dataSync()]).toEqual([...fn(x).dataSync()]);
    }
    expect(compiled.cacheSize).toBe(1);
    expect(said).toEqual([
      expect.stringMatching(/compiled 10 times.*variable '(mine|copy)', whose numbers it reads, was/),
    ]);
  });

  it('closes over tensors as they are: one that was disposed is asked for anew', () => {
    let w: tf.Tensor = tf.tensor1d([1, 2]);
    let v = tf.variable(tf.tensor1d([1, 1]));
    const compiled = jit((x: tf.Tensor) => tf.add(tf.mul(x, w), v), { engine: engine() });
    const x = tf.tensor1d([10, 10]);
    expect([...compiled(x).dataSync()]).toEqual([11, 21]);
    w.dispose();
    w = tf.tensor1d([3, 4]);
    expect([...compiled(x).dataSync()]).toEqual([31, 41]);
    v.dispose();
    v = tf.variable(tf.tensor1d([5, 5]));
    expect([...compiled(x).dataSync()]).toEqual([35, 45]);
    expect(compiled.cacheSize).toBe(1);
    v.dispose();
    expect(() => compiled(x)).toThrow(/variables that the function closes over to live, got '.*' disposed, in tf\.add/);
    w.dispose();
    expect(() => compiled(x)).toThrow(/got a disposed one in tf\.mul.*must live as long as it is called/);
    compiled.dispose();
  });

  describe('what watches every kernel does not disturb the first call', () => {
    const fn = (x: tf.Tensor): tf.Tensor =>
      tf.grad((t: tf.Tensor) => tf.sum(tf.matMul(t as tf.Tensor2D, tf.exp(t) as tf.Tensor2D)))(x);
    const first = () => {
      const x = draw(1, [3, 3]);
      const compiled = jit(fn, { engine: engine() });
      const expected = fn(x);
      return { run: () => compiled(x), check: (y: tf.Tensor) => expect(difference(y, expected)).toBeLessThan(1e-5) };
    };

    it('tf.profile', async () => {
      const { run, check } = first();
      const { result, newTensors } = await tf.profile(() => run());
      check(result as tf.Tensor);
      expect(newTensors).toBe(1);
      // Kernels outside are profiled as ever.
      expect((await tf.profile(() => tf.add(1, 2))).kernelNames).toEqual(['Add']);
    });

    it('tf.time', async () => {
      await tf.setBackend(engine().backend);
      const { run, check } = first();
      const made: tf.Tensor[] = [];
      const { wallMs } = await tf.time(() => void made.push(run()));
      check(made[0] as tf.Tensor);
      expect(wallMs).toBeGreaterThan(0);
    });

    it('debug mode', async () => {
      const said: string[] = [];
      vi.spyOn(console, 'warn').mockImplementation((text) => void said.push(text));
      vi.spyOn(console, 'log').mockImplementation((text) => void said.push(text));
      const { run, check } = first();
      tf.enableDebugMode();
      try {
        check(run());
        expect(tf.env().getBool('DEBUG')).toBe(true);
        // Debug mode reports when it has read what a kernel gave: it reports of single ops alone.
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(said.filter((text) => /Exp/.test(text))).toEqual([]);
        tf.exp(1);
        await vi.waitFor(() => expect(said.filter((text) => /Exp/.test(text))).toHaveLength(1));
        expect(() => tf.log(-1).dataSync()).not.toThrow();
      } finally {
        tf.env().set('DEBUG', false);
      }
    });
  });
});
