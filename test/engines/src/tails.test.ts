import '@tensorflow/tfjs'; // registers the gradients
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { expectCoverage, noteKernels } from './coverage.js';
import { describeEngines, isCpu } from './engines.js';

const { SELU_SCALE, SELU_SCALEALPHA } = tf.backend_util;

/** Magnitudes from the smallest to the largest float32, of both signs, and closely where functions bend. */
const NUMBERS: readonly number[] = [
  ...Array.from({ length: 332 }, (_, i) => 1.2345 * 10 ** (-45 + i / 4)).flatMap((x) => [x, -x]),
  ...Array.from({ length: 1200 }, (_, i) => (i - 600) / 5.45),
  ...Array.from({ length: 800 }, (_, i) => (i - 400) / 41.3),
  0,
].map(Math.fround);

const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** By its series where that converges, else by the continued fraction of its complement. */
function erf(x: number): number {
  const size = Math.abs(x);
  let fraction = 0;
  for (let k = 150; k > 0; k--) fraction = k / 2 / (size + fraction);
  if (size > 2.5) return Math.sign(x) * (1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * (size + fraction)));
  let [term, sum] = [x, x];
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

interface Tail {
  readonly op: (x: tf.Tensor) => tf.Tensor;
  /** In float64. */
  readonly value: (x: number) => number;
  /** In float64, where the op's gradient is held too. */
  readonly slope?: (x: number) => number;
  readonly domain?: (x: number) => boolean;
}

const TAILS: Readonly<Record<string, Tail>> = {
  sigmoid: { op: tf.sigmoid, value: sigmoid, slope: (x) => sigmoid(x) * sigmoid(-x) },
  tanh: { op: tf.tanh, value: Math.tanh, slope: (x) => 4 * sigmoid(2 * x) * sigmoid(-2 * x) },
  softplus: { op: tf.softplus, value: softplus, slope: sigmoid },
  logSigmoid: { op: tf.logSigmoid, value: (x) => -softplus(-x), slope: (x) => sigmoid(-x) },
  elu: {
    op: tf.elu,
    value: (x) => (x > 0 ? x : Math.expm1(x)),
    slope: (x) => Math.exp(Math.min(x, 0)),
  },
  selu: {
    op: tf.selu,
    value: (x) => (x > 0 ? SELU_SCALE * x : SELU_SCALEALPHA * Math.expm1(x)),
    slope: (x) => (x > 0 ? SELU_SCALE : SELU_SCALEALPHA * Math.exp(x)),
    domain: (x) => x > -87,
  },
  mish: {
    op: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
    value: (x) => x * Math.tanh(softplus(x)),
    domain: (x) => x > -87,
  },
  // Beside a zero, softmax is the sigmoid, and its logarithm too.
  softmax: {
    op: (x) =>
      tf
        .softmax(tf.stack([x, tf.zerosLike(x)], 1))
        .slice([0, 0], [-1, 1])
        .flatten(),
    value: sigmoid,
    // Larger ones are further from 0 than float32 reaches.
    domain: (x) => x > -86 && x < 1e38,
  },
  logSoftmax: {
    op: (x) =>
      tf
        .logSoftmax(tf.stack([x, tf.zerosLike(x)], 1))
        .slice([0, 0], [-1, 1])
        .flatten(),
    value: (x) => -softplus(-x),
    // TensorFlow.js takes a logarithm close to 1 for what is larger, on every engine: right to 1e-7, not to as many digits.
    domain: (x) => x < 0 && x > -1e38,
  },
  // Below −87 the factor is subnormal, and so is what is left of its digits.
  silu: { op: (x) => tf.mul(x, tf.sigmoid(x)), value: (x) => x * sigmoid(x), domain: (x) => x > -87 },
  log1p: { op: tf.log1p, value: Math.log1p, slope: (x) => 1 / (1 + x), domain: (x) => x > -0.999 },
  expm1: { op: tf.expm1, value: Math.expm1, slope: Math.exp },
  erf: { op: tf.erf, value: erf },
  exp: { op: tf.exp, value: Math.exp, slope: Math.exp },
  log: { op: tf.log, value: Math.log, domain: (x) => x > 0 },
  sinh: { op: tf.sinh, value: Math.sinh, slope: Math.cosh },
  cosh: { op: tf.cosh, value: Math.cosh, slope: Math.sinh },
  asinh: { op: tf.asinh, value: Math.asinh, slope: (x) => 1 / Math.hypot(x, 1), domain: (x) => Math.abs(x) < 1e18 },
  acosh: { op: tf.acosh, value: Math.acosh, domain: (x) => x >= 1 },
  atanh: { op: tf.atanh, value: Math.atanh, domain: (x) => Math.abs(x) < 1 },
  atan: { op: tf.atan, value: Math.atan, slope: (x) => 1 / (1 + x * x), domain: (x) => Math.abs(x) < 1e18 },
  sqrt: { op: tf.sqrt, value: Math.sqrt, slope: (x) => 0.5 / Math.sqrt(x), domain: (x) => x > 0 },
  rsqrt: { op: tf.rsqrt, value: (x) => 1 / Math.sqrt(x), domain: (x) => x > 0 },
  reciprocal: { op: tf.reciprocal, value: (x) => 1 / x, domain: (x) => x !== 0 },
  pow: { op: (x) => tf.pow(x, 1.5), value: (x) => x ** 1.5, domain: (x) => x >= 0 },
  leakyRelu: {
    op: (x) => tf.leakyRelu(x, 0.25),
    value: (x) => (x < 0 ? x / 4 : x),
    slope: (x) => (x > 0 ? 1 : 0.25),
  },
};

const MIN_NORMAL = 2 ** -126;
const MAX_FLOAT32 = 3.4028234663852886e38;

/** Largest error relative to the value, with the number that it is at. What an engine flushes to 0 counts as 0 on both sides. */
function worstError(
  numbers: readonly number[],
  given: ArrayLike<number>,
  value: (x: number) => number,
  flushes: boolean,
): { error: number; at: number } {
  let worst = { error: 0, at: 0 };
  numbers.forEach((x, i) => {
    const expected = value(x);
    if (Math.abs(expected) > MAX_FLOAT32 || (flushes && Math.abs(x) < MIN_NORMAL)) return;
    const difference = Math.abs((given[i] ?? Number.NaN) - expected);
    // Half a step between subnormal numbers is no error.
    if (difference <= (flushes ? 1.001 * MIN_NORMAL : 1.5e-45)) return;
    const error = difference / Math.abs(expected);
    if (!(error <= worst.error)) worst = { error: Number.isNaN(error) ? Number.POSITIVE_INFINITY : error, at: x };
  });
  return worst;
}

/** cpu's own kernels lose digits of small numbers. */
const INEXACT_ON_CPU = ['elu', 'selu', 'erf'];

const slopeOf = (op: Tail['op']): Tail['op'] => tf.grad((x: tf.Tensor) => tf.sum(op(x)));

describeEngines('tails', (engine, name) => {
  const flushes = name === 'libtensorflow' || name === 'xla';
  const tails = Object.entries(TAILS).filter(([op]) => !(isCpu(name) && INEXACT_ON_CPU.includes(op)));
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  describe.each(['compiled', 'op by op'] as const)('%s', (way) => {
    it.each(tails)('%s: the relative error over all of float32', async (_, tail) => {
      await tf.setBackend(engine().backend);
      const { op, value, domain = () => true } = tail;
      const numbers = NUMBERS.filter(domain);
      const x = tf.tensor1d([...numbers]);
      const compiled = jit((t: tf.Tensor) => op(t), { engine: engine() });
      const made = way === 'compiled' ? noteKernels(true, () => compiled(x)) : tf.tidy(() => op(x));
      const { error, at } = worstError(numbers, made.dataSync(), value, flushes);
      expect(error, `at ${at}`).toBeLessThan(1e-6);
      tf.dispose([x, made]);
      compiled.dispose();
    });
  });

  it.each(tails.filter(([, { slope }]) => slope !== undefined))(
    '%s: the relative error of its slope, compiled',
    async (_, { op, slope, domain = () => true }) => {
      await tf.setBackend(engine().backend);
      const numbers = NUMBERS.filter(domain);
      const x = tf.tensor1d([...numbers]);
      const run = jit((t: tf.Tensor) => slopeOf(op)(t), { engine: engine() });
      const made = noteKernels(true, () => run(x));
      const { error, at } = worstError(numbers, made.dataSync(), slope as (x: number) => number, flushes);
      expect(error, `at ${at}`).toBeLessThan(1e-6);
      tf.dispose([x, made]);
      run.dispose();
    },
  );

  it('cross entropy of sigmoids far off is finite, and so is its gradient', () => {
    const run = jit((x: tf.Tensor) => tf.valueAndGrad((t: tf.Tensor) => tf.neg(tf.mean(tf.log(tf.sigmoid(t)))))(x), {
      engine: engine(),
    });
    const x = tf.tensor1d([-19, -40, -80]);
    const { value, grad } = run(x);
    expect(value.dataSync()[0]).toBeCloseTo(139 / 3, 4);
    for (const slope of grad.dataSync()) expect(slope).toBeCloseTo(-1 / 3, 6);
    tf.dispose([x, value, grad]);
    run.dispose();
  });

  it('no number stays none', () => {
    const ops = [tf.step, tf.relu, tf.elu, tf.selu, tf.sigmoid, tf.tanh, tf.log1p, tf.expm1, tf.softplus, tf.erf];
    const run = jit((x: tf.Tensor) => ops.map((op: (t: tf.Tensor) => tf.Tensor) => op(x)), { engine: engine() });
    const x = tf.tensor1d([Number.NaN]);
    const made = run(x);
    expect(made.map((t) => t.dataSync()[0])).toEqual(ops.map(() => Number.NaN));
    tf.dispose([x, made]);
    run.dispose();
  });
});

it('covers the kernels that tfjs-jit’s README says', () => expectCoverage('tails'));
