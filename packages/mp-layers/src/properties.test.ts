import '@tensorflow/tfjs';
import {
  cosineAttention,
  downsample2d,
  mpCat,
  mpConv2d,
  mpDense,
  mpFourier,
  mpSilu,
  mpSum,
  normalize,
  pixelNorm,
  upsample2d,
  weightNorm,
} from '@edm2/mp-layers';
import { maxAbsoluteError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const seed = fc.integer({ min: 1, max: 1e6 });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const scale = fc.double({ min: 0.05, max: 50, noNaN: true });
const runs = { numRuns: 15, seed: 20240607 };
const normal = <R extends tf.Rank>(shape: tf.ShapeMap[R], s: number): tf.Tensor<R> =>
  tf.randomNormal<R>(shape, 0, 1, 'float32', s);
const rms = (x: tf.Tensor): number => Math.sqrt(tf.mean(tf.square(x)).dataSync()[0] ?? Number.NaN);
const check = (property: fc.IProperty<unknown[]> | fc.IProperty<[number]>): void =>
  tf.tidy(() => fc.assert(property as fc.IProperty<unknown[]>, runs));

/** 20,000 samples: the RMS of a unit normal is known to 0.005 (one standard deviation); four of them. */
const SAMPLING = 0.02;

describe('unit magnitude in, unit magnitude out', () => {
  it('normalize, whatever the scale, up to its eps', () => {
    check(
      fc.property(seed, scale, (s, k) => {
        const r = k * rms(normal<tf.Rank.R2>([40, 50], s));
        expect(rms(normalize(tf.mul(normal<tf.Rank.R2>([40, 50], s), k), [0, 1]))).toBeCloseTo(r / (r + 1e-4), 5);
      }),
    );
  });

  it('pixelNorm and weightNorm, vector by vector', () => {
    check(
      fc.property(seed, scale, (s, k) => {
        const x = tf.mul(normal<tf.Rank.R4>([2, 3, 3, 8], s), k);
        for (const [y, axes] of [
          [pixelNorm(x), [3]],
          [weightNorm(x), [0, 1, 2]],
        ] as const) {
          const each = tf.sqrt(tf.mean(tf.square(y), [...axes])).dataSync();
          expect(
            maxAbsoluteError(
              each,
              each.map(() => 1),
            ),
          ).toBeLessThan(1e-2);
        }
      }),
    );
  });

  it('mpSilu', () => {
    check(
      fc.property(seed, (s) => {
        expect(Math.abs(rms(mpSilu(normal([20000], s))) - 1)).toBeLessThan(SAMPLING);
      }),
    );
  });

  it('mpSum, for every share', () => {
    check(
      fc.property(seed, share, (s, t) => {
        const y = mpSum(normal([20000], s), normal([20000], s + 1), t);
        expect(Math.abs(rms(y) - 1)).toBeLessThan(SAMPLING);
      }),
    );
  });

  it('mpCat, for every share and any channel counts', () => {
    const channels = fc.integer({ min: 1, max: 30 });
    check(
      fc.property(seed, share, channels, channels, (s, t, na, nb) => {
        const [a, b] = [normal<tf.Rank.R2>([20000 / 4, na], s), normal<tf.Rank.R2>([20000 / 4, nb], s + 1)];
        expect(Math.abs(rms(mpCat(a, b, t)) - 1)).toBeLessThan(2 * SAMPLING);
      }),
    );
  });

  it('mpFourier', () => {
    check(
      fc.property(seed, (s) => {
        const phases = tf.randomUniform([5000], 0, 2 * Math.PI, 'float32', s);
        const freqs = tf.mul(normal([5000], s), 2 * Math.PI);
        const y = mpFourier(tf.tensor1d([-1.5, 0.2, 0.9, 1.1]), freqs, phases);
        expect(Math.abs(rms(y) - 1)).toBeLessThan(SAMPLING);
      }),
    );
  });

  it('mpConv2d 1×1 and mpDense, for weights of any scale, times the gain', () => {
    check(
      fc.property(seed, scale, (s, k) => {
        const w = tf.mul(normal<tf.Rank.R2>([64, 100], s), k);
        const x = normal<tf.Rank.R2>([100, 64], s + 1);
        const dense = rms(mpDense(x, w, { gain: 0.3 })) / 0.3;
        const conv = rms(mpConv2d(tf.reshape(x, [1, 10, 10, 64]), tf.reshape(w, [1, 1, 64, 100])));
        expect(Math.abs(dense - 1)).toBeLessThan(3 * SAMPLING);
        expect(conv).toBeCloseTo(dense, 4);
      }),
    );
  });

  it('mpConv2d 3×3, but for what zero padding takes away', () => {
    const y = mpConv2d(normal<tf.Rank.R4>([4, 8, 8, 16], 1), normal<tf.Rank.R4>([3, 3, 16, 32], 2));
    // Of nine taps at n×n, a share ((3n − 2)/(3n))² of the power lands on the image.
    expect(Math.abs(rms(y) / ((3 * 8 - 2) / (3 * 8)) - 1)).toBeLessThan(3 * SAMPLING);
  });

  it('upsample2d of anything; downsample2d of what is constant over 2×2 pixels', () => {
    check(
      fc.property(seed, (s) => {
        const x = normal<tf.Rank.R4>([1, 4, 6, 3], s);
        const up = upsample2d(x);
        expect(rms(up)).toBeCloseTo(rms(x), 4);
        expect(maxAbsoluteError(downsample2d(up).dataSync(), x.dataSync())).toBeLessThan(1e-6);
      }),
    );
  });

  it('cosineAttention of one pixel is a projection: unit magnitude', () => {
    const x = normal<tf.Rank.R4>([300, 1, 1, 32], 1);
    const [qkv, proj] = [normal<tf.Rank.R4>([1, 1, 32, 96], 2), normal<tf.Rank.R4>([1, 1, 32, 32], 3)];
    expect(Math.abs(rms(cosineAttention(x, { qkv, proj, heads: 4 })) - 1)).toBeLessThan(0.06);
  });
});

describe('structure', () => {
  it('upsample2d is 4 times the transpose of downsample2d, for any filter', () => {
    const taps = fc.array(fc.double({ min: 0.1, max: 2, noNaN: true }), { minLength: 1, maxLength: 3 });
    check(
      fc.property(seed, taps, taps, (s, left, right) => {
        const filter =
          left.length === right.length
            ? [...left, ...right]
            : [1, ...left, ...right, ...((left.length + right.length + 1) % 2 ? [2] : [])];
        const [x, y] = [normal<tf.Rank.R4>([1, 6, 4, 2], s), normal<tf.Rank.R4>([1, 3, 2, 2], s + 1)];
        const inner = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b)).dataSync()[0] ?? Number.NaN;
        expect(inner(downsample2d(x, filter), y)).toBeCloseTo(inner(x, upsample2d(y, filter)) / 4, 4);
      }),
    );
  });

  it('attention splits heads outermost: permuting whole heads permutes the output', () => {
    const x = normal<tf.Rank.R4>([2, 3, 3, 8], 1);
    const qkv = normal<tf.Rank.R4>([1, 1, 8, 24], 2);
    const proj = tf.reshape(tf.eye(8), [1, 1, 8, 8]) as tf.Tensor4D;
    const swapHeads = (t: tf.Tensor4D) => tf.concat(tf.split(t, 2, 3).reverse(), 3) as tf.Tensor4D;
    const plain = cosineAttention(x, { qkv, proj, heads: 2, balance: 1 });
    const swapped = cosineAttention(x, { qkv: swapHeads(qkv), proj, heads: 2, balance: 1 });
    expect(maxAbsoluteError(swapHeads(swapped).dataSync(), plain.dataSync())).toBeLessThan(1e-5);
  });

  it('the all-zero vector has value 0 and a finite gradient', () => {
    const zeros = tf.zeros<tf.Rank.R2>([3, 4]);
    const x = normal<tf.Rank.R2>([2, 3], 1);
    const grads = [tf.grad((t: tf.Tensor) => pixelNorm(t))(zeros), tf.grad((w: tf.Tensor) => mpDense(x, w))(zeros)];
    for (const g of [pixelNorm(zeros), ...grads]) expect(Array.from(g.dataSync()).every(Number.isFinite)).toBe(true);
  });
});

describe('bad input is refused with the shapes in question', () => {
  const image = () => tf.zeros<tf.Rank.R4>([1, 4, 4, 2]);
  it.each([
    [() => mpSum(tf.zeros([2]), tf.zeros([3])), /mpSum: expected a and b of one shape, got \[2\] and \[3\]/],
    [() => mpSum(tf.zeros([2]), tf.zeros([2]), 1.5), /mpSum: expected 0 <= t <= 1, got 1.5/],
    [() => mpCat(image(), tf.zeros([1, 2, 2, 2])), /mpCat: .*\[1,4,4,2\] and \[1,2,2,2\]\. Resample b first/],
    [() => mpCat(image(), image(), Number.NaN), /mpCat: expected 0 <= t <= 1, got NaN/],
    [() => normalize(image(), []), /normalize: expected distinct axes/],
    [() => normalize(image(), [4]), /normalize: .*got \[4\]/],
    [() => weightNorm(tf.zeros([3])), /weightNorm: .*got \[3\]/],
    [() => mpConv2d(image(), tf.zeros([3, 3, 3, 2])), /mpConv2d: .*\[1,4,4,2\] and \[3,3,3,2\]/],
    [() => mpDense(tf.zeros([1, 3]), tf.zeros([2, 4])), /mpDense: .*\[1,3\] and \[2,4\]/],
    [() => mpFourier(tf.zeros([2, 1]), tf.zeros([3]), tf.zeros([3])), /mpFourier: .*\[2,1\]/],
    [() => downsample2d(tf.zeros([1, 3, 4, 1])), /downsample2d: expected even height and width, got \[1,3,4,1\]/],
    [() => upsample2d(image(), [1, 2, 1]), /upsample2d: expected filter with an even number of taps/],
    [() => downsample2d(image(), [1, -1]), /sum other than 0/],
    [
      () => cosineAttention(image(), { qkv: tf.zeros([1, 1, 2, 6]), proj: tf.zeros([1, 1, 2, 2]), heads: 3 }),
      /attend: .*6 channels for 3 heads/,
    ],
  ])('%#', (call, text) => {
    expect(call).toThrow(RangeError);
    expect(call).toThrow(text);
  });
});

describe('memory', () => {
  const x = () => normal<tf.Rank.R4>([2, 4, 4, 8], 1);
  const w = () => normal<tf.Rank.R4>([3, 3, 8, 8], 2);
  const one = (o: number) => normal<tf.Rank.R4>([1, 1, 8, o], 3);
  it.each([
    ['normalize', (a: tf.Tensor4D) => normalize(a, [1, 2])],
    ['pixelNorm', (a: tf.Tensor4D) => pixelNorm(a)],
    ['weightNorm', (a: tf.Tensor4D) => weightNorm(a)],
    ['mpSilu', (a: tf.Tensor4D) => mpSilu(a)],
    ['mpSum', (a: tf.Tensor4D) => mpSum(a, a, 0.3)],
    ['mpCat', (a: tf.Tensor4D) => mpCat(a, a)],
    ['downsample2d', (a: tf.Tensor4D) => downsample2d(a)],
    ['downsample2d [1,3,3,1]', (a: tf.Tensor4D) => downsample2d(a, [1, 3, 3, 1])],
    ['upsample2d', (a: tf.Tensor4D) => upsample2d(a)],
    ['upsample2d [1,3,3,1]', (a: tf.Tensor4D) => upsample2d(a, [1, 3, 3, 1])],
    ['mpConv2d', (a: tf.Tensor4D) => tf.tidy(() => mpConv2d(a, w()))],
    ['mpConv2d with a learned gain', (a: tf.Tensor4D) => tf.tidy(() => mpConv2d(a, w(), { gain: tf.scalar(2) }))],
    ['mpDense', (a: tf.Tensor4D) => tf.tidy(() => mpDense(tf.reshape(a, [32, 8]), tf.reshape(one(4), [8, 4])))],
    ['mpFourier', (a: tf.Tensor4D) => tf.tidy(() => mpFourier(tf.reshape(a, [-1]), tf.ones([3]), tf.ones([3])))],
    [
      'cosineAttention',
      (a: tf.Tensor4D) => tf.tidy(() => cosineAttention(a, { qkv: one(24), proj: one(8), heads: 2 })),
    ],
  ] as [string, (a: tf.Tensor4D) => tf.Tensor][])(
    '%s makes its result and nothing else, differentiated or not',
    (_, f) => {
      const input = x();
      const before = tf.memory().numTensors;
      const y = f(input);
      expect(tf.memory().numTensors).toBe(before + 1);
      expect(y.isDisposed || input.isDisposed).toBe(false);
      const dx = tf.grad((a: tf.Tensor) => tf.sum(f(a as tf.Tensor4D)))(input);
      expect(tf.memory().numTensors).toBe(before + 2);
      tf.dispose([y, dx, input]);
    },
  );
});
