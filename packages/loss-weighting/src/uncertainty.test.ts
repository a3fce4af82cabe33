import '@tensorflow/tfjs';
import { createUncertainty, type Params } from '@edm2/loss-weighting';
import { createRandom, draw } from '@edm2/random';
import { maxAbsoluteError, oiToIo, readGolden, relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const tensor1d = (data: ArrayLike<number>): tf.Tensor1D => tf.tensor1d(Float32Array.from(data));

const goldenParams = (name: string): Params => {
  const golden = readGolden(name);
  const kernel = oiToIo(golden.get('init.logvar_linear.weight'));
  return {
    'logvar_fourier.freqs': tensor1d(golden.get('init.logvar_fourier.freqs').data),
    'logvar_fourier.phases': tensor1d(golden.get('init.logvar_fourier.phases').data),
    'logvar_linear.weight': tf.tensor(kernel.data, kernel.shape),
  };
};

describe.each(['unet-latent', 'unet-rgb-uncond'])('createUncertainty against %s', (name) => {
  test('reproduces logvar', () => {
    const golden = readGolden(name);
    const sigma = tensor1d(golden.get('fwd.sigma').data);
    const u = createUncertainty().apply(goldenParams(name), tf.div(tf.log(sigma), 4));
    expect(u.shape).toEqual([3]);
    // Cosines of arguments up to about 20 and a sum of 128 of them: 1e-5 is float32.
    expect(maxAbsoluteError(u.dataSync(), golden.get('fwd.logvar').data)).toBeLessThan(1e-5);
  });
});

describe('createUncertainty', () => {
  test('lists buffers and one weight, with the distributions they start from', () => {
    const { parameters } = createUncertainty({ channels: 4096 });
    expect(parameters.map(({ name, kind, shape }) => [name, kind, shape])).toEqual([
      ['logvar_fourier.freqs', 'buffer', [4096]],
      ['logvar_fourier.phases', 'buffer', [4096]],
      ['logvar_linear.weight', 'weight', [4096, 1]],
    ]);
    const random = createRandom(7);
    const [freqs, phases, weight] = parameters.map((p) => draw(p.init, 4096, random.stream('init', p.name)));
    const std = (x: Float32Array | undefined): number =>
      Math.sqrt([...(x ?? [])].reduce((a, b) => a + b * b, 0) / 4096);
    expect(std(freqs)).toBeCloseTo(2 * Math.PI, 0);
    expect(Math.min(...(phases ?? []))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...(phases ?? []))).toBeLessThanOrEqual(2 * Math.PI);
    expect(std(weight)).toBeCloseTo(1, 1);
  });

  test('preserves magnitude: u has RMS 1 over noise levels and heads', () => {
    const head = createUncertainty();
    const cNoise = tf.linspace(-1.5, 1.1, 64);
    let sum = 0;
    for (let seed = 0; seed < 50; seed++) {
      const random = createRandom(seed);
      const params = Object.fromEntries(
        head.parameters.map((p) => [
          p.name,
          tf.tensor(
            draw(
              p.init,
              p.shape.reduce((a, b) => a * b, 1),
              random.stream('init', p.name),
            ),
            [...p.shape],
          ),
        ]),
      );
      sum += head.apply(params, cNoise).square().mean().dataSync()[0] ?? Number.NaN;
    }
    // 50 heads of one output each: the standard error of the mean square is about 0.2.
    expect(Math.sqrt(sum / 50)).toBeGreaterThan(0.75);
    expect(Math.sqrt(sum / 50)).toBeLessThan(1.25);
  });

  test('does not feel the length of its weight, and its gradient is orthogonal to it', () => {
    const head = createUncertainty();
    const params = goldenParams('unet-latent');
    const weight = params['logvar_linear.weight'] ?? tf.scalar(0);
    const cNoise = tf.tensor1d([-1, 0, 0.5]);
    const at = (w: tf.Tensor): tf.Tensor => head.apply({ ...params, 'logvar_linear.weight': w }, cNoise);
    // eps = 1e-4 beside an RMS of 1 and of 3 is what differs.
    expect(relativeError(at(tf.mul(weight, 3)).dataSync(), at(weight).dataSync())).toBeLessThan(1e-4);
    const gradient = tf.grad((w) => tf.sum(at(w)))(weight);
    const cosine = tf.sum(tf.mul(gradient, weight)).dataSync()[0] ?? 1;
    expect(Math.abs(cosine) / (gradient.norm().dataSync()[0] ?? 0) / 11.3).toBeLessThan(1e-3);
  });

  test('takes the plain vocabulary of an earlier config: own features, own dense layer, a bias', () => {
    const head = createUncertainty({
      channels: 2,
      features: (c, f, p) => tf.cos(tf.add(tf.mul(tf.expandDims(c, 1), f), p)),
      dense: (x, kernel) => tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D),
      weightInit: { uniform: [-1 / Math.SQRT2, 1 / Math.SQRT2] },
      bias: true,
    });
    expect(head.parameters.at(-1)).toEqual({
      name: 'logvar_linear.bias',
      shape: [1],
      kind: 'bias',
      init: { uniform: [-1 / Math.SQRT2, 1 / Math.SQRT2] },
    });
    const u = head.apply(
      {
        'logvar_fourier.freqs': tf.tensor1d([1, 2]),
        'logvar_fourier.phases': tf.tensor1d([0, 0.5]),
        'logvar_linear.weight': tf.tensor2d([3, 4], [2, 1]),
        'logvar_linear.bias': tf.tensor1d([5]),
      },
      tf.tensor1d([0.7]),
    );
    expect(u.dataSync()[0]).toBeCloseTo(3 * Math.cos(0.7) + 4 * Math.cos(1.9) + 5, 5);
  });

  test('keeps no tensor but its result', () => {
    const head = createUncertainty();
    const params = goldenParams('unet-latent');
    const cNoise = tf.tensor1d([0.1]);
    const before = tf.memory().numTensors;
    head.apply(params, cNoise).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('names what is missing or misshapen', () => {
    const params = goldenParams('unet-latent');
    const cNoise = tf.tensor1d([0.1]);
    const { 'logvar_linear.weight': weight, ...rest } = params;
    expect(weight?.shape).toEqual([128, 1]);
    expect(() => createUncertainty().apply(rest, cNoise)).toThrow(
      'expected logvar_linear.weight of shape [128,1], got nothing',
    );
    expect(() => createUncertainty({ channels: 64 }).apply(params, cNoise)).toThrow('of shape [64], got [128]');
    expect(() => createUncertainty().apply(params, tf.ones([1, 1]))).toThrow('expected cNoise as [N], got [1,1]');
    expect(() => createUncertainty({ channels: 0 })).toThrow(RangeError);
  });
});
