import { difference, draw, withGradients } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from './compare.js';
import { expectCoverage, noteKernels } from './coverage.js';
import { describeEngines, isCpu } from './engines.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const taps = fc.integer({ min: 1, max: 2 });
const images = fc.record({
  n: fc.integer({ min: 1, max: 3 }),
  h: fc.integer({ min: 3, max: 9 }),
  w: fc.integer({ min: 3, max: 9 }),
  c: fc.integer({ min: 1, max: 4 }),
  o: fc.integer({ min: 1, max: 4 }),
  k: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  pad: fc.constantFrom('same' as const, 'valid' as const, 1),
  seed: fc.integer({ min: 1, max: 1e6 }),
});

describeEngines('kernels of windows', (engine, name) => {
  /** XLA compiles each shape anew, half a second for a pool and its gradient: a third of the shapes. */
  const runs = (count: number): number => (name === 'xla' ? Math.ceil(count / 3) : count);
  const check = (fn: (...xs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]): void => {
    // Sums of up to a few thousand float32 products in another order.
    expect(compare(engine(), withGradients(fn), inputs)).toBeLessThan(1e-5);
    tf.dispose(inputs);
  };
  const as4 = (x: tf.Tensor | undefined): tf.Tensor4D => x as tf.Tensor4D;

  describe('convolutions', () => {
    it('conv2d of any size, stride and padding', () =>
      fc.assert(
        fc.property(images, ({ n, h, w, c, o, k, stride, pad, seed }) =>
          check(
            (x, f) => tf.conv2d(as4(x), as4(f), stride, pad),
            [draw(seed, [n, h, w, c]), draw(seed + 1, [k, k, c, o])],
          ),
        ),
        { numRuns: runs(40), seed: 5 },
      ));

    // The classes are those of ONNX Runtime's lowering.
    it.each(isCpu(name) ? [8] : [8, 16, 17, 32])('conv2d at every size class of its gradients: %i', (side) => {
      for (const [k, c, o] of [
        [3, 4, 5],
        [1, 3, 6],
        [5, 2, 3],
      ] as const) {
        check((x, f) => tf.conv2d(as4(x), as4(f), 1, 'same'), [draw(1, [2, side, side, c]), draw(2, [k, k, c, o])]);
      }
    });

    it('two convolutions that read one input, a residual sum and a concatenation', () =>
      check(
        (x, f, g) => {
          const a = tf.sigmoid(tf.conv2d(as4(x), as4(f), 1, 'same'));
          const b = tf.conv2d(as4(x), as4(f), 1, 'same');
          const joined = tf.concat([tf.add(a, b) as tf.Tensor4D, as4(x)], 3);
          return tf.mean(tf.conv2d(joined, as4(g), 1, 'same'), [1, 2]);
        },
        [draw(1, [2, 6, 6, 3]), draw(2, [3, 3, 3, 5]), draw(3, [3, 3, 8, 2])],
      ));

    it('depthwiseConv2d', () =>
      fc.assert(
        fc.property(images, ({ n, h, w, c, k, stride, pad, seed }) => {
          if (pad === 1) return;
          const inputs = [draw(seed, [n, h, w, c]), draw(seed + 1, [k, k, c, 2])];
          check((x, f) => tf.depthwiseConv2d(as4(x), as4(f), stride, pad), inputs);
        }),
        { numRuns: runs(15), seed: 6 },
      ));

    // cpu's gradients of dilated windows are none, or wrong.
    it.skipIf(isCpu(name)).each(['Conv2D', 'DepthwiseConv2dNative'] as const)(
      'the gradients of %s are its transposes, at any strides, dilations and padding',
      (kernel) =>
        fc.assert(
          fc.property(images, fc.tuple(taps, taps), fc.tuple(taps, taps), (image, s, d) => {
            const { n, h, w, c, o, k, pad, seed } = image;
            // TensorFlow.js takes both extents from the rows' stride and window where padding is a number, and depthwise
            // kernels take strides or dilations.
            const one = kernel !== 'Conv2D' && s.some((n) => n !== 1);
            const [strides, dilations] = [s, one ? ([1, 1] as const) : d].map(([rows, columns]) => [
              rows,
              pad === 1 ? rows : columns,
            ]) as [[number, number], [number, number]];
            const shape = kernel === 'Conv2D' ? [k, k, c, o] : [k, k, c, 2];
            const [x, f] = [draw(seed, [n, h + 4, w + 4, c]), draw(seed + 1, shape)];
            const attrs = { strides, dilations, pad, dataFormat: 'NHWC' };
            const run = (name: string, inputs: Record<string, tf.Tensor>, extra = {}): tf.Tensor =>
              tf.engine().runKernel(name, inputs, { ...attrs, ...extra });
            const forward = jit((a: tf.Tensor, b: tf.Tensor) => run(kernel, { x: a, filter: b }), { engine: engine() });
            const y = noteKernels(true, () => forward(x, f));
            const dy = draw(seed + 2, y.shape);
            const gradients = jit(
              (a: tf.Tensor, b: tf.Tensor, d: tf.Tensor) => [
                run(`${kernel}BackpropInput`, { dy: d, filter: b }, { inputShape: a.shape }),
                run(`${kernel}BackpropFilter`, { x: a, dy: d }, { filterShape: b.shape }),
              ],
              { engine: engine() },
            );
            const [dx, df] = noteKernels(true, () => gradients(x, f, dy)) as [tf.Tensor, tf.Tensor];
            // tf.conv2d takes strides or dilations, not both; the kernels take both.
            if (kernel === 'Conv2D' && [strides, dilations].some((both) => both.every((n) => n === 1))) {
              const expected = tf.conv2d(as4(x), as4(f), strides, pad, 'NHWC', dilations);
              expect(difference(y, expected)).toBeLessThan(1e-5);
            }
            const inner = (a: tf.Tensor, b: tf.Tensor): number => tf.sum(tf.mul(a, b)).dataSync()[0] ?? Number.NaN;
            const whole = inner(y, dy);
            const scale = Math.sqrt(inner(y, y) * inner(dy, dy)) + 1e-3;
            expect(Math.abs(inner(x, dx) - whole) / scale).toBeLessThan(1e-5);
            expect(Math.abs(inner(f, df) - whole) / scale).toBeLessThan(1e-5);
            forward.dispose();
            gradients.dispose();
          }),
          { numRuns: runs(25), seed: 8 },
        ),
    );

    it('conv2dTranspose', () =>
      check(
        (x, f) => tf.conv2dTranspose(as4(x), as4(f), [2, 10, 10, 3], 2, 'same'),
        [draw(1, [2, 5, 5, 4]), draw(2, [3, 3, 3, 4])],
      ));
  });

  describe('pools', () => {
    it.each(['avgPool', 'maxPool'] as const)('%s of any size, stride and padding', (op) =>
      fc.assert(
        fc.property(images, ({ n, h, w, c, k, stride, pad, seed }) => {
          // Padding as wide as the window leaves empty windows, which engines fill differently.
          const padding = pad === 1 && k < 2 ? 0 : pad;
          if (op === 'maxPool') return check((x) => tf.maxPool(as4(x), k, stride, padding), [draw(seed, [n, h, w, c])]);
          const x = draw(seed, [n, h, w, c]);
          const pool = (t: tf.Tensor): tf.Tensor => tf.avgPool(as4(t), k, stride, padding);
          expect(compare(engine(), pool as (...xs: tf.Tensor[]) => tf.Tensor, [x])).toBeLessThan(1e-5);
          // cpu's gradient divides by the whole window where padding does not count: the closed form is a sum over windows.
          if (isCpu(name)) return;
          const sums = (t: tf.Tensor): tf.Tensor => {
            const ones = tf.ones<tf.Rank.R4>([k, k, c, 1]);
            const total = tf.depthwiseConv2d(as4(t), ones, stride, padding);
            return tf.div(total, tf.depthwiseConv2d(tf.onesLike(as4(t)), ones, stride, padding));
          };
          const expected = tf.tidy(() => withGradients(sums as (...xs: tf.Tensor[]) => tf.Tensor)(x)[1] as tf.Tensor);
          const gradient = jit((t: tf.Tensor) => withGradients(pool as (...xs: tf.Tensor[]) => tf.Tensor)(t), {
            engine: engine(),
          });
          const [, actual] = noteKernels(true, () => gradient(x));
          expect(difference(actual as tf.Tensor, expected)).toBeLessThan(1e-5);
          gradient.dispose();
        }),
        { numRuns: runs(25), seed: 7 },
      ),
    );

    it('maxPool of equal values gives the gradient to the first, as cpu does', () =>
      check((x) => tf.maxPool(tf.relu(as4(x)), 2, 2, 'valid'), [draw(3, [2, 8, 8, 3])]));
  });

  describe('resizing', () => {
    it.each([
      [false, false],
      [true, false],
      [false, true],
    ])('bilinear and nearest, alignCorners %s, halfPixelCenters %s', (align, half) => {
      const x = draw(1, [2, 4, 5, 3]);
      for (const size of [
        [8, 10],
        [7, 3],
        [2, 5],
      ] as [number, number][]) {
        const fn = (t: tf.Tensor): tf.Tensor[] => [
          tf.image.resizeBilinear(as4(t), size, align, half),
          tf.image.resizeNearestNeighbor(as4(t), size, align, half),
        ];
        expect(compare(engine(), fn as (...xs: tf.Tensor[]) => tf.Tensor[], [x])).toBeLessThan(1e-6);
      }
      x.dispose();
    });

    it.skipIf(isCpu(name)).each([
      [false, false],
      [true, false],
      [false, true],
    ])('gradients are the transpose, alignCorners %s, halfPixelCenters %s', (align, half) => {
      // cpu's own gradients are wrong (half pixels, batches): <resize(x), w> = <x, gradient> for the linear map instead.
      const x = draw(1, [2, 4, 5, 3]) as tf.Tensor4D;
      for (const resize of [
        (t: tf.Tensor) => tf.image.resizeBilinear(as4(t), [8, 10], align, half),
        (t: tf.Tensor) => tf.image.resizeNearestNeighbor(as4(t), [8, 10], align, half),
        (t: tf.Tensor) => tf.image.resizeBilinear(as4(t), [3, 7], align, half),
      ]) {
        const compiled = jit(
          (t: tf.Tensor, w: tf.Tensor) => tf.grad((y: tf.Tensor) => tf.sum(tf.mul(resize(y), w)))(t),
          {
            engine: engine(),
          },
        );
        const w = draw(2, resize(x).shape);
        const left = tf.sum(tf.mul(resize(x), w)).dataSync()[0] ?? 0;
        const gradient = noteKernels(true, () => compiled(x, w));
        const right = tf.sum(tf.mul(gradient, x)).dataSync()[0] ?? 0;
        expect(Math.abs(left - right)).toBeLessThan(1e-4 * Math.max(1, Math.abs(left)));
        compiled.dispose();
      }
    });
  });

  describe('a small classifier', () => {
    it('trains as on cpu', () => {
      const labels = tf.tidy(() => tf.cast(tf.oneHot(draw(3, [4], { below: 3 }) as tf.Tensor1D, 3), 'float32'));
      check(
        (x, f, w) => {
          const features = tf.maxPool(tf.relu(tf.conv2d(as4(x), as4(f), 1, 'same')), 2, 2, 'same');
          const logits = tf.matMul(tf.reshape(features, [4, -1]), w as tf.Tensor);
          return tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), -1)));
        },
        [draw(1, [4, 6, 6, 1]), draw(2, [3, 3, 1, 5]), draw(3, [45, 3])],
      );
      labels.dispose();
    });
  });
});

it('covers the kernels that tfjs-jit’s README says', () => expectCoverage('kernels-window'));
