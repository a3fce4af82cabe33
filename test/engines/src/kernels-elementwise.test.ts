import { draw, withGradients } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from './compare.js';
import { expectCoverage } from './coverage.js';
import { describeEngines } from './engines.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Unary = (x: tf.Tensor) => tf.Tensor;

/** name → op, inputs it takes, and whether it has a gradient. */
const UNARY: Record<string, { op: Unary; input?: 'positive' | 'unit'; flat?: boolean; tolerance?: number }> = {
  abs: { op: tf.abs },
  neg: { op: tf.neg },
  square: { op: tf.square },
  sqrt: { op: tf.sqrt, input: 'positive' },
  rsqrt: { op: tf.rsqrt, input: 'positive' },
  exp: { op: tf.exp },
  expm1: { op: tf.expm1 },
  log: { op: tf.log, input: 'positive' },
  log1p: { op: tf.log1p, input: 'positive' },
  sin: { op: tf.sin },
  cos: { op: tf.cos },
  tan: { op: (x) => tf.tan(tf.mul(x, 0.3)) },
  sinh: { op: tf.sinh },
  cosh: { op: tf.cosh },
  tanh: { op: tf.tanh },
  asin: { op: tf.asin, input: 'unit' },
  acos: { op: tf.acos, input: 'unit' },
  atan: { op: tf.atan },
  asinh: { op: tf.asinh },
  acosh: { op: (x) => tf.acosh(tf.add(x, 1.5)), input: 'positive' },
  atanh: { op: tf.atanh, input: 'unit' },
  erf: { op: tf.erf },
  sigmoid: { op: tf.sigmoid },
  softplus: { op: tf.softplus },
  relu: { op: tf.relu },
  relu6: { op: (x) => tf.relu6(tf.mul(x, 5)) },
  leakyRelu: { op: (x) => tf.leakyRelu(x, 0.3) },
  elu: { op: tf.elu },
  selu: { op: tf.selu },
  sign: { op: tf.sign },
  floor: { op: tf.floor },
  ceil: { op: tf.ceil },
  round: { op: tf.round },
  reciprocal: { op: tf.reciprocal, input: 'positive' },
  step: { op: (x) => tf.step(x, 0.25) },
  clipByValue: { op: (x) => tf.clipByValue(x, -0.5, 0.7) },
  zerosLike: { op: tf.zerosLike },
  onesLike: { op: tf.onesLike, flat: true },
  clone: { op: tf.clone },
  silu: { op: (x) => tf.mul(x, tf.sigmoid(x)) },
  cast: { op: (x) => tf.cast(tf.cast(tf.mul(x, 3), 'int32'), 'float32'), flat: true },
  toBool: { op: (x) => tf.cast(tf.cast(tf.relu(x), 'bool'), 'float32'), flat: true },
};

const input = (kind: 'positive' | 'unit' | undefined, seed: number, shape: readonly number[]): tf.Tensor =>
  kind === 'unit' ? tf.tidy(() => tf.mul(tf.tanh(draw(seed, shape)), 0.9)) : draw(seed, shape, kind ?? 'normal');

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 0, maxLength: 4 });

describeEngines('element-wise kernels', (engine) => {
  describe('unary kernels', () => {
    it.each(Object.keys(UNARY))('%s: values and gradients as on cpu', (name) => {
      const spec = UNARY[name];
      if (spec === undefined) throw new Error(name);
      fc.assert(
        fc.property(shapes, fc.integer({ min: 1, max: 1e6 }), (shape, seed) => {
          const x = input(spec.input, seed, shape);
          const fn = spec.flat ? spec.op : (...xs: tf.Tensor[]) => withGradients((y) => spec.op(y as tf.Tensor))(...xs);
          // Float32 approximations of the transcendental functions differ in their last digits.
          expect(compare(engine(), fn as Unary, [x])).toBeLessThan(spec.tolerance ?? 2e-6);
          x.dispose();
        }),
        { numRuns: 4, seed: 1 },
      );
    });
  });

  type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

  /** `equal`: TensorFlow.js has a gradient for equal shapes only. */
  const BINARY: Record<string, { op: Binary; positive?: boolean; flat?: boolean; equal?: boolean }> = {
    add: { op: tf.add },
    sub: { op: tf.sub },
    mul: { op: tf.mul },
    div: { op: tf.div, positive: true },
    maximum: { op: tf.maximum, equal: true },
    minimum: { op: tf.minimum, equal: true },
    pow: { op: tf.pow, positive: true },
    squaredDifference: { op: tf.squaredDifference, equal: true },
    floorDiv: { op: tf.floorDiv, positive: true },
    mod: { op: tf.mod, positive: true },
    prelu: { op: (a, b) => tf.prelu(tf.add(a, tf.zerosLike(b)), b) },
    equal: { op: (a, b) => tf.equal(tf.round(a), tf.round(b)), flat: true },
    notEqual: { op: (a, b) => tf.notEqual(tf.round(a), tf.round(b)), flat: true },
    less: { op: tf.less, flat: true },
    lessEqual: { op: tf.lessEqual, flat: true },
    greater: { op: tf.greater, flat: true },
    greaterEqual: { op: tf.greaterEqual, flat: true },
    logical: {
      op: (a, b) =>
        tf.logicalOr(
          tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0)),
          tf.logicalXor(tf.logicalNot(tf.less(a, b)), tf.less(b, 0.5)),
        ),
      flat: true,
    },
    where: {
      op: (a, b) => tf.where(tf.greater(a, b), tf.add(a, tf.zerosLike(b)), tf.add(b, tf.zerosLike(a))),
      flat: true,
    },
  };

  /** Two shapes that broadcast: trailing axes of one, some of them set to 1 in either. */
  const broadcasting = shapes
    .chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.integer({ min: 0, max: shape.length }),
        fc.array(fc.constantFrom('keep', 'a', 'b'), { minLength: shape.length, maxLength: shape.length }),
      ),
    )
    .map(([shape, cut, marks]) => ({
      a: shape.map((n, i) => (marks[i] === 'a' ? 1 : n)),
      b: shape.map((n, i) => (marks[i] === 'b' ? 1 : n)).slice(cut),
    }));

  describe('binary kernels', () => {
    it.each(Object.keys(BINARY))('%s: values and gradients as on cpu, broadcasting', (name) => {
      const spec = BINARY[name];
      if (spec === undefined) throw new Error(name);
      fc.assert(
        fc.property(broadcasting, fc.integer({ min: 1, max: 1e6 }), (shape, seed) => {
          const kind = spec.positive ? 'positive' : 'normal';
          const [a, b] = [draw(seed, shape.a, kind), draw(seed + 1, shape.b, kind)];
          const fn =
            spec.flat || (spec.equal && shape.a.join() !== shape.b.join())
              ? spec.op
              : withGradients(spec.op as (...xs: tf.Tensor[]) => tf.Tensor);
          expect(compare(engine(), fn as Binary, [a, b])).toBeLessThan(5e-6);
          tf.dispose([a, b]);
        }),
        { numRuns: 6, seed: 2 },
      );
    });

    it('takes int32 as cpu does', () => {
      const [a, b] = [draw(1, [3, 4], { below: 9 }), draw(2, [4], { below: 9 })];
      const fn = (x: tf.Tensor, y: tf.Tensor): tf.Tensor[] => {
        const divisor = tf.add(y, tf.scalar(1, 'int32'));
        return [
          tf.add(x, y),
          tf.sub(x, y),
          tf.mul(x, y),
          tf.maximum(x, y),
          tf.minimum(x, y),
          tf.floorDiv(tf.neg(x), divisor),
          tf.mod(x, divisor),
          tf.squaredDifference(x, y),
          tf.equal(x, y),
          tf.less(x, y),
          tf.abs(tf.sub(x, y)),
        ];
      };
      expect(compare(engine(), fn as (...xs: tf.Tensor[]) => tf.Tensor[], [a, b])).toBe(0);
      tf.dispose([a, b]);
    });

    it('treats NaN and infinities as cpu does', () => {
      const x = tf.tensor1d([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1, 2]);
      const fn = (t: tf.Tensor): tf.Tensor[] => [
        tf.isNaN(t),
        tf.isInf(t),
        tf.isFinite(t),
        tf.where(tf.isFinite(t), t, tf.zerosLike(t)),
        tf.addN([t, t, t]),
      ];
      expect(compare(engine(), fn as (...xs: tf.Tensor[]) => tf.Tensor[], [x])).toBeLessThan(1e-7);
      x.dispose();
    });
  });
});

it('covers the kernels that tfjs-jit’s README says', () => expectCoverage('kernels-elementwise'));
