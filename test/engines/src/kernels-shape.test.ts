import { draw, withGradients } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from './compare.js';
import { expectCoverage } from './coverage.js';
import { describeEngines, isCpu } from './engines.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describeEngines('kernels of reductions, shapes and products', (engine, name) => {
  const check = (fn: (...xs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[], tolerance = 1e-6): void => {
    expect(compare(engine(), withGradients(fn), inputs)).toBeLessThan(tolerance);
    tf.dispose(inputs);
  };
  const checkFlat = (fn: (...xs: tf.Tensor[]) => tf.Tensor | tf.Tensor[], inputs: tf.Tensor[]): void => {
    expect(compare(engine(), fn, inputs)).toBeLessThan(1e-6);
    tf.dispose(inputs);
  };

  const seed = fc.integer({ min: 1, max: 1e6 });
  const shape = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
  const shapeAndAxis = shape.chain((s) =>
    fc.record({ s: fc.constant(s), axis: fc.integer({ min: -s.length, max: s.length - 1 }) }),
  );
  const property = <T>(arbitrary: fc.Arbitrary<T>, fn: (value: T, n: number) => void): void =>
    fc.assert(fc.property(arbitrary, seed, fn), { numRuns: 8, seed: 3 });

  describe('reductions', () => {
    const axes = shape.chain((s) =>
      fc.record({ s: fc.constant(s), axis: fc.subarray(s.map((_, i) => i)), keep: fc.boolean() }),
    );
    const { sum, mean, max, min } = tf;
    const reductions = { sum, mean, max, min };
    it.each(['sum', 'mean', 'max', 'min', 'prod'] as const)('%s over any axes', (op) =>
      property(axes, ({ s, axis, keep }, n) => {
        if (op === 'prod') return checkFlat((x) => tf.prod(x, axis, keep), [draw(n, s)]);
        check((x) => reductions[op](x, axis, keep), [draw(n, s)], 5e-6);
      }),
    );
    it('all, any, argMax, argMin, cumsum', () =>
      property(shapeAndAxis, ({ s, axis }, n) =>
        checkFlat(
          (x) => [
            tf.all(tf.greater(x, 0), axis),
            tf.any(tf.greater(x, 0), axis, true),
            tf.argMax(x, axis),
            tf.argMin(x, axis),
            tf.cumsum(x, (axis + s.length) % s.length),
            tf.cumsum(x, (axis + s.length) % s.length, true, true),
            tf.sum(tf.greater(x, 0), axis),
          ],
          [draw(n, s)],
        ),
      ));
    it('cumsum over the last axis, with gradients: over others TensorFlow.js’s own is transposed', () =>
      property(shape, (s, n) => {
        check((x) => tf.cumsum(x as tf.Tensor, s.length - 1), [draw(n, s)], 5e-6);
        check((x) => tf.cumsum(x as tf.Tensor, s.length - 1, true, true), [draw(n, s)], 5e-6);
      }));
    it('softmax, logSoftmax, logSumExp', () =>
      property(shape, (s, n) => {
        check((x) => tf.softmax(x), [draw(n, s)], 5e-6);
        check((x) => tf.logSoftmax(x), [draw(n, s)], 5e-6);
        check((x) => tf.logSumExp(x, -1), [draw(n, s)], 5e-6);
      }));
  });

  describe('shape kernels', () => {
    it('reshape, expandDims, squeeze, flatten', () =>
      property(shape, (s, n) => {
        check((x) => tf.reshape(x, [-1]), [draw(n, s)]);
        check((x) => tf.expandDims(x, 1), [draw(n, s)]);
        check((x) => tf.squeeze(tf.expandDims(x, 0), [0]), [draw(n, s)]);
      }));
    it('transpose', () =>
      property(
        shape.chain((s) =>
          fc.record({
            s: fc.constant(s),
            perm: fc.shuffledSubarray(
              s.map((_, i) => i),
              { minLength: s.length },
            ),
          }),
        ),
        ({ s, perm }, n) => check((x) => tf.square(tf.transpose(x, perm)), [draw(n, s)]),
      ));
    it('concat, stack, split, unstack', () =>
      property(shapeAndAxis, ({ s, axis }, n) => {
        const wider = s.map((extent, i) => (i === (axis + s.length) % s.length ? extent + 2 : extent));
        check((a, b) => tf.concat([a as tf.Tensor, b as tf.Tensor], axis), [draw(n, s), draw(n + 1, wider)]);
        const at = axis < 0 ? axis + s.length : axis;
        if (s.length < 4) check((a, b) => tf.stack([a as tf.Tensor, b as tf.Tensor], at), [draw(n, s), draw(n + 1, s)]);
        const extent = wider[at] ?? 1;
        check(
          (x) => {
            const [a, b] = tf.split(x as tf.Tensor, [2, extent - 2], at) as [tf.Tensor, tf.Tensor];
            return tf.add(tf.sum(tf.square(a)), tf.sum(tf.mul(b, 3)));
          },
          [draw(n, wider)],
          1e-5,
        );
        check(
          (x) => tf.addN(tf.unstack(x as tf.Tensor, at).map((part, i) => tf.mul(part, i + 1))),
          [draw(n, wider)],
          5e-6,
        );
      }));
    it('slice, pad, reverse, tile', () =>
      property(shape, (s, n) => {
        const begin = s.map((extent) => Math.floor(extent / 3));
        const size = s.map((extent, i) => Math.max(1, extent - (begin[i] ?? 0) - (n % 2)));
        check((x) => tf.slice(x as tf.Tensor, begin, size), [draw(n, s)]);
        const pads = s.map((_, i): [number, number] => [i % 2, (i + n) % 3]);
        check((x) => tf.pad(x as tf.Tensor, pads, 0.5), [draw(n, s)]);
        check((x) => tf.reverse(x as tf.Tensor, [0]), [draw(n, s)]);
        check(
          (x) =>
            tf.tile(
              x as tf.Tensor,
              s.map((_, i) => 1 + ((i + n) % 2)),
            ),
          [draw(n, s)],
          5e-6,
        );
        checkFlat(
          (x) =>
            tf.mirrorPad(
              tf.add(x as tf.Tensor, 1),
              s.map((extent): [number, number] => [extent - 1, 0]),
              'reflect',
            ),
          [draw(n, s)],
        );
      }));
    it('stridedSlice, also backwards', () => {
      const x = draw(1, [5, 6, 2]);
      checkFlat(
        (t) => [
          tf.stridedSlice(t as tf.Tensor, [1, 0, 0], [5, 6, 2], [2, 3, 1]),
          tf.stridedSlice(t as tf.Tensor, [4, 5, 0], [0, 0, 2], [-1, -2, 1]),
          tf.stridedSlice(t as tf.Tensor, [1, 0, 0], [2, 6, 2], [1, 1, 1], 0, 0, 0, 0, 1),
        ],
        [x],
      );
    });
    it('broadcastTo, with gradients', () => {
      check((x) => tf.broadcastTo(x as tf.Tensor, [4, 2, 3]), [draw(1, [2, 3])], 5e-6);
      check((x) => tf.broadcastTo(x as tf.Tensor, [4, 2, 3]), [draw(2, [2, 1])], 5e-6);
    });
    it('gather, oneHot, fill, range, linspace, broadcastTo, where', () => {
      check((x) => tf.gather(x as tf.Tensor, tf.tensor1d([2, 0, 0], 'int32'), 1), [draw(1, [3, 4, 2])]);
      checkFlat(
        (labels) => [
          tf.oneHot(labels as tf.Tensor1D, 7),
          tf.oneHot(labels as tf.Tensor1D, 7, 2, -1),
          tf.cast(tf.oneHot(labels as tf.Tensor1D, 7), 'float32'),
          tf.add(tf.range(0, 5, 1, 'int32'), labels as tf.Tensor),
        ],
        [draw(4, [5], { below: 7 })],
      );
      checkFlat(
        (x) => [tf.add(x as tf.Tensor, tf.fill([2, 3], 4)), tf.broadcastTo(x as tf.Tensor, [4, 2, 3])],
        [draw(2, [2, 3])],
      );
      const mask = tf.greater(draw(6, [2, 3, 2]), 0);
      check((x) => tf.where(mask, tf.mul(x as tf.Tensor, 2), tf.neg(x as tf.Tensor)), [draw(5, [2, 3, 2])]);
    });
  });

  describe('matrix products', () => {
    it('matMul with every transposition and batches', () =>
      property(
        fc.record({
          batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
          m: fc.integer({ min: 1, max: 5 }),
          k: fc.integer({ min: 1, max: 5 }),
          n: fc.integer({ min: 1, max: 5 }),
          ta: fc.boolean(),
          tb: fc.boolean(),
        }),
        ({ batch, m, k, n, ta, tb }, s) => {
          const a = draw(s, [...batch, ...(ta ? [k, m] : [m, k])]);
          const b = draw(s + 1, [...batch, ...(tb ? [n, k] : [k, n])]);
          check((x, y) => tf.matMul(x as tf.Tensor, y as tf.Tensor, ta, tb), [a, b], 5e-6);
        },
      ));
    it('dense layer with softmax cross entropy', () => {
      const labels = tf.tidy(() => tf.cast(tf.oneHot(draw(3, [6], { below: 4 }) as tf.Tensor1D, 4), 'float32'));
      check(
        (x, w, b) =>
          tf.losses.softmaxCrossEntropy(labels, tf.add(tf.matMul(x as tf.Tensor, w as tf.Tensor), b as tf.Tensor)),
        [draw(1, [6, 5]), draw(2, [5, 4]), draw(3, [4])],
        5e-6,
      );
      labels.dispose();
    });
  });

  // cpu has no LogicalXor.
  it.skipIf(isCpu(name))('kernels that TensorFlow.js has but none of its ops calls', () => {
    const run = (name: string, inputs: Record<string, tf.Tensor>, attrs = {}): tf.Tensor =>
      tf.engine().runKernel(name, inputs, attrs);
    // cpu lacks some of them: the same from other kernels.
    const kernels = (a: tf.Tensor, x: tf.Tensor): tf.Tensor[] => [
      run('LogicalXor', { a: tf.greater(a, 0), b: tf.greater(a, 0.5) }),
      run('LogSoftmax', { logits: a }),
      run('BroadcastTo', { x }, { shape: [4, 3, 5] }),
    ];
    const others = (a: tf.Tensor, x: tf.Tensor): tf.Tensor[] => [
      tf.notEqual(tf.cast(tf.greater(a, 0), 'int32'), tf.cast(tf.greater(a, 0.5), 'int32')),
      tf.logSoftmax(a),
      tf.tile(tf.reshape(x, [1, 3, 1]), [4, 1, 5]),
    ];
    const inputs = [draw(1, [4, 6]), draw(2, [3, 1])];
    expect(compare(engine(), kernels as never, inputs, others as never)).toBeLessThan(1e-6);
    tf.dispose(inputs);
  });
});

it('covers the kernels that tfjs-jit’s README says', () => expectCoverage('kernels-shape'));
