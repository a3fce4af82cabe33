import '@tensorflow/tfjs';
import * as fid from '@edm2/fid';
import * as weighting from '@edm2/loss-weighting';
import * as mp from '@edm2/mp-layers';
import * as layers from '@edm2/mp-layers/layers';
import * as phema from '@edm2/phema';
import * as phemaTensors from '@edm2/phema/tfjs';
import * as random from '@edm2/random';
import * as sampler from '@edm2/sampler';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { expectNames } from './names.js';

/** Public names, each on an input so small that its result is worked out by hand. */

beforeAll(() => tf.setBackend('cpu'));

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());
const near = (tensor: tf.Tensor, expected: readonly number[]): void => {
  const actual = values(tensor);
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, 5);
  });
};
const { SQRT2, LN2 } = Math;
/** RMS of 3 and 4, and what normalising divides by. */
const rms = Math.sqrt(12.5);
const unit = rms + 1e-4;
const pixel = (...channels: number[]) => tf.tensor4d(channels, [1, 1, 1, channels.length]);

test('@edm2/mp-layers', () => {
  expectNames(mp, {
    ...{ normalize: 2, pixelNorm: 1, weightNorm: 1, mpSilu: 1, mpSum: 2, mpCat: 2, mpFourier: 3 },
    ...{ downsample2d: 1, upsample2d: 1, mpConv2d: 2, mpDense: 2, cosineAttention: 2, attend: 2 },
  });
  near(mp.normalize(tf.tensor2d([[3], [4]]), [0]), [3 / unit, 4 / unit]);
  near(mp.normalize(tf.tensor1d([3, 4]), [0], { eps: 1 }), [3 / (rms + 1), 4 / (rms + 1)]);
  near(mp.pixelNorm(tf.tensor2d([[3, 4]])), [3 / unit, 4 / unit]);
  near(mp.weightNorm(tf.tensor2d([[3], [4]])), [3 / unit, 4 / unit]);
  near(mp.mpSilu(tf.tensor1d([0, 1])), [0, 1 / (1 + Math.exp(-1)) / 0.596]);
  near(mp.mpSum(tf.scalar(1), tf.scalar(2)), [1.5 * SQRT2]);
  near(mp.mpSum(tf.scalar(1), tf.scalar(2), 0.3), [(0.7 + 0.6) / Math.sqrt(0.58)]);
  const third = Math.sqrt(3); // C/√Nb·t of one channel beside two
  near(mp.mpCat(tf.tensor2d([[1, 1]]), tf.tensor2d([[2]])), [third / 2, third / 2, third * SQRT2]);
  near(mp.mpFourier(tf.tensor1d([0.25]), tf.tensor1d([2 * Math.PI, 0]), tf.tensor1d([0, 0])), [0, SQRT2]);
  const square = tf.tensor4d([1, 2, 3, 6], [1, 2, 2, 1]);
  near(mp.downsample2d(square), [3]);
  near(mp.upsample2d(pixel(5)), [5, 5, 5, 5]);
  near(mp.mpConv2d(pixel(2), tf.tensor4d([-7], [1, 1, 1, 1]), { gain: 3 }), [(-6 * 7) / (7 + 1e-4)]);
  near(mp.mpDense(tf.tensor2d([[1, 1]]), tf.tensor2d([[3], [4]])), [7 / unit / SQRT2]);
  // One pixel attends to itself alone: v normalised to 1, projected by a weight normalised to 1.
  const one = 1 / (1 + 1e-4);
  const attended = { qkv: tf.ones<tf.Rank.R4>([1, 1, 1, 3]), proj: tf.ones<tf.Rank.R4>([1, 1, 1, 1]), heads: 1 };
  const v = (3 * one) / (3 * one + 1e-4);
  near(mp.cosineAttention(pixel(3), attended), [(0.7 * 3 + 0.3 * v * one) / Math.sqrt(0.58)]);
  near(mp.cosineAttention(pixel(3), { ...attended, balance: 1 }), [v * one]);
});

test('@edm2/mp-layers/layers', () => {
  const classes = { MPConv2D: 'class', MPDense: 'class', MPSilu: 'class', MPSum: 'class', MPConcat: 'class' } as const;
  expectNames(layers, { ...classes, PixelNorm: 'class', MPFourier: 'class', forcedWeightNorm: 0 });
  const [a, b] = [tf.tensor2d([[3, 4]]), tf.tensor2d([[1, 2]])];
  near(new layers.MPSilu().apply(a) as tf.Tensor, values(mp.mpSilu(a)));
  near(new layers.PixelNorm().apply(a) as tf.Tensor, [3 / unit, 4 / unit]);
  near(new layers.MPSum({ t: 0.3 }).apply([a, b]) as tf.Tensor, values(mp.mpSum(a, b, 0.3)));
  near(new layers.MPConcat({ t: 0.3 }).apply([a, b]) as tf.Tensor, values(mp.mpCat(a, b, 0.3)));
  near(layers.forcedWeightNorm().apply(tf.tensor2d([[3], [4]])), [3 / unit, 4 / unit]);
  const dense = new layers.MPDense({ units: 1, gain: 2 });
  dense.apply(a);
  dense.setWeights([tf.tensor2d([[3], [4]])]);
  near(dense.apply(a) as tf.Tensor, [(2 * 25) / unit / SQRT2]);
  const conv = new layers.MPConv2D({ filters: 1, kernelSize: 1 });
  conv.apply(pixel(2));
  conv.setWeights([tf.tensor4d([-7], [1, 1, 1, 1])]);
  near(conv.apply(pixel(2)) as tf.Tensor, [-14 / (7 + 1e-4)]);
  const fourier = new layers.MPFourier({ channels: 1 });
  fourier.apply(tf.tensor1d([0]));
  fourier.setWeights([tf.tensor1d([Math.PI]), tf.tensor1d([0])]);
  near(fourier.apply(tf.tensor1d([1])) as tf.Tensor, [-SQRT2]);
});

test('@edm2/loss-weighting', () => {
  expectNames(weighting, {
    ...{ sampleSigmas: 1, edmWeight: 1, minSnrWeight: 1, softMinSnrWeight: 1, sigmoidWeight: 1 },
    ...{ createUncertainty: 0, weightedLoss: 3, createLossByNoiseLevel: 0 },
  });
  near(weighting.sampleSigmas(tf.tensor1d([0, 1])), [Math.exp(-0.4), Math.exp(0.6)]);
  near(weighting.sampleSigmas(tf.tensor1d([1]), { pMean: 0, pStd: 2 }), [Math.exp(2)]);
  const one = tf.tensor1d([1]); // SNR ¼ at σ_data ½
  near(weighting.edmWeight(one), [5]);
  near(weighting.edmWeight(one, { sigmaData: 1 }), [2]);
  near(weighting.minSnrWeight(tf.tensor1d([1, 0.1])), [0.25, 5]);
  near(weighting.softMinSnrWeight(one), [0.2]);
  near(weighting.sigmoidWeight(one), [0.25 / (1 + Math.exp(-2 - Math.log(4)))]);
  const head = weighting.createUncertainty();
  const shapes = head.parameters.map(({ name, shape }) => `${name} ${shape}`);
  expect(shapes).toEqual(['logvar_fourier.freqs 128', 'logvar_fourier.phases 128', 'logvar_linear.weight 128,1']);
  const params = {
    'logvar_fourier.freqs': tf.zeros([128]),
    'logvar_fourier.phases': tf.zeros([128]),
    'logvar_linear.weight': tf.ones([128, 1]),
  };
  // 128 features √2 times weights of 1/(1 + 1e-4)/√128.
  near(head.apply(params, tf.tensor1d([0.3])), [16 / (1 + 1e-4)]);
  const error = tf.fill([1, 1, 1, 2], 4);
  near(weighting.weightedLoss(error, tf.tensor1d([5]), tf.tensor1d([LN2])), [10 + LN2, 10 + LN2]);
  near(weighting.weightedLoss(error, tf.tensor1d([5])), [20, 20]);
  const levels = weighting.createLossByNoiseLevel({ bins: 2, sigmaMin: 0.1, sigmaMax: 10 });
  levels.add([0.5, 2, 3], [1, 2, 4]);
  const { counts, mean, edges } = levels.result();
  expect([[...counts], [...mean]]).toEqual([
    [1, 2],
    [1, 3],
  ]);
  expect([...edges]).toEqual([0.1, 1, 10].map((edge) => expect.closeTo(edge, 12)));
});

test('@edm2/phema', () => {
  const names = { sigmaRelToGamma: 1, gammaToSigmaRel: 1, powerEmaBeta: 3, profileDot: 2, synthesisWeights: 2 };
  expectNames(phema, { ...names, createPowerEma: 0 });
  expectNames(phemaTensors, { createPowerEma: 0, emaStep: 4 });
  expect(phema.sigmaRelToGamma(0.05)).toBeCloseTo(16.97, 2);
  expect(phema.sigmaRelToGamma(0.1)).toBeCloseTo(6.94, 2);
  expect(phema.gammaToSigmaRel(1)).toBeCloseTo(Math.sqrt(2 / (9 * 4)), 12);
  expect(phema.powerEmaBeta(1, 2, 1)).toBeCloseTo(0.25, 12);
  // ∫₀² of (2τ/4)² over both: 4/(3·2).
  expect(phema.profileDot({ gamma: 1, t: 2 }, { gamma: 1, t: 2 })).toBeCloseTo(2 / 3, 12);
  const [a, b] = [
    { gamma: 1, t: 2 },
    { gamma: 3, t: 2 },
  ];
  const exact = phema.synthesisWeights([a, b], b);
  expect([...exact.weights]).toEqual([expect.closeTo(0, 9), expect.closeTo(1, 9)]);
  expect(exact.profileError).toBeLessThan(1e-6);
  expect(phema.synthesisWeights([a], b).profileError).toBeGreaterThan(0.1);
  // γ of σ_rel √(2/36) is 1: β = ¼ at the second image.
  const sigmaRel = phema.gammaToSigmaRel(1);
  const tracker = phema.createPowerEma({ sigmaRels: [sigmaRel] });
  tracker.update({ w: Float32Array.of(4) }, { t: 1, dt: 1 });
  tracker.update({ w: Float32Array.of(8) }, { t: 2, dt: 1 });
  expect(tracker.values(sigmaRel)).toEqual({ w: Float32Array.of(7) });
  const again = phema.createPowerEma({ sigmaRels: [sigmaRel] });
  again.restore(tracker.state());
  expect(again.values(sigmaRel)).toEqual({ w: Float32Array.of(7) });
  const tensors = phemaTensors.createPowerEma({ sigmaRels: [sigmaRel] });
  tensors.update({ w: tf.tensor1d([4]) }, { t: 1, dt: 1 });
  tensors.update({ w: tf.tensor1d([8]) }, { t: 2, dt: 1 });
  near((tensors.values(sigmaRel) as { w: tf.Tensor }).w, [7]);
  const stepped = phemaTensors.emaStep({ [sigmaRel]: { w: tf.tensor1d([4]) } }, { w: tf.tensor1d([8]) }, 2, 1);
  near(stepped[sigmaRel]?.['w'] as tf.Tensor, [7]);
});

test('@edm2/fid', () => {
  const names = { createStatistics: 1, frechetDistance: 2, kernelDistance: 2, precisionRecall: 2, inceptionScore: 1 };
  expectNames(fid, names);
  const [a, b] = [fid.createStatistics(1), fid.createStatistics(1)];
  a.add([[1], [3]]);
  b.add([[5]]);
  a.merge(b);
  const { mu, sigma, n } = a.result();
  expect([n, [...mu], [...sigma]]).toEqual([3, [3], [4]]);
  const gaussian = (mean: number, variance: number) => ({
    mu: Float64Array.of(mean),
    sigma: Float64Array.of(variance),
  });
  // (μ₁ − μ₂)² + (σ₁ − σ₂)²
  expect(fid.frechetDistance(gaussian(0, 1), gaussian(3, 4))).toBeCloseTo(10, 9);
  // Kernel (xy + 1)³: 1 among zeros, 8 among ones, 1 between.
  expect(fid.kernelDistance([[0], [0]], [[1], [1]])).toBeCloseTo(1 + 8 - 2, 9);
  const line = [0, 1, 2, 3, 4].map((x) => [x]);
  expect(fid.precisionRecall(line, line, { k: 1 })).toMatchObject({ precision: 1, recall: 1 });
  const far = line.map(([x = 0]) => [x + 100]);
  expect(fid.precisionRecall(line, far, { k: 1 })).toMatchObject({ precision: 0, recall: 0, density: 0, coverage: 0 });
  // Two classes, each certain: as many as there are.
  const sure = [
    [50, 0],
    [0, 50],
  ];
  expect(fid.inceptionScore(sure, { splits: 1 }).mean).toBeCloseTo(2, 9);
});

test('@edm2/random', () => {
  expectNames(random, { createRandom: 1, draw: 3 });
  const stream = () => random.createRandom(7).stream('noise', 3);
  const [whole, again] = [stream().normal(1000), stream()];
  expect([...again.normal(400), ...again.normal(600)]).toEqual([...whole]);
  const mean = whole.reduce((sum, x) => sum + x, 0) / 1000;
  const variance = whole.reduce((sum, x) => sum + x * x, 0) / 1000 - mean ** 2;
  expect(Math.abs(mean)).toBeLessThan(0.12);
  expect(Math.abs(variance - 1)).toBeLessThan(0.15);
  expect(random.createRandom(8).stream('noise', 3).normal(4)).not.toEqual(whole.slice(0, 4));
  const uniform = stream().uniform(1000);
  expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...uniform)).toBeLessThan(1);
  expect(new Set(stream().integers(200, 5))).toEqual(new Set([0, 1, 2, 3, 4]));
  expect([...stream().permutation(6)].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  expect([...random.draw({ constant: 3 }, 2, stream())]).toEqual([3, 3]);
  expect([...random.draw({ uniform: [2, 4] }, 3, stream())]).toEqual(
    [...uniform.slice(0, 3)].map((u) => Math.fround(2 + 2 * u)),
  );
});

test('@edm2/sampler', async () => {
  expectNames(sampler, { karrasSchedule: 0, euler: 3, heun: 3, dpmpp2m: 3, guide: 1, sampleSeeds: 1 });
  // ρ = 1 is evenly spaced.
  const even = sampler.karrasSchedule({ steps: 3, sigmaMin: 1, sigmaMax: 5, rho: 1 });
  expect([...even]).toEqual([5, 3, 1, 0]);
  const usual = sampler.karrasSchedule();
  const middle = (80 ** (1 / 7) + (16 / 31) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7;
  expect([usual.length, usual[0], usual[16], usual[31], usual[32]]).toEqual([33, 80, middle, 0.002, 0]);
  // Data of variance ¼ have the solution x(σ) = x₀·√(σ² + ¼)/√(σ₀² + ¼); that of a constant every solver hits.
  const gaussian: sampler.Denoiser = (x, sigma) => tf.tidy(() => tf.div(x, tf.add(tf.mul(tf.square(sigma), 4), 1)));
  const constant: sampler.Denoiser = (x) => tf.fill(x.shape, 3);
  const exact = (10 * Math.sqrt(0.25)) / Math.sqrt(100.25);
  const errors: number[] = [];
  for (const solver of [sampler.euler, sampler.heun, sampler.dpmpp2m]) {
    const run = (denoiser: sampler.Denoiser, sigmas: ArrayLike<number>) => solver(denoiser, tf.ones([1]), { sigmas });
    near(await run(constant, [2, 1]), [3 + (2 - 3) / 2]);
    const sigmas = sampler.karrasSchedule({ steps: 24, sigmaMax: 10 });
    errors.push(Math.abs((values(await run(gaussian, sigmas))[0] ?? 0) - exact) / exact);
  }
  const [first = 0, second = 0, multistep = 0] = errors;
  expect(first).toBeLessThan(0.2);
  expect(first).toBeGreaterThan(2 * Math.max(second, multistep));
  const guided = sampler.guide({ main: constant, guide: (x) => tf.ones(x.shape), weight: 2, interval: [1, 4] });
  const at = async (sigma: number) => values(await guided(tf.zeros([1]), tf.tensor1d([sigma])))[0];
  expect([await at(1), await at(2), await at(4), await at(5)]).toEqual([3, 5, 5, 3]);
  const seen: unknown[] = [];
  const byClass: sampler.Denoiser = (x, _, labels) =>
    tf.tidy(() => tf.add(tf.zerosLike(x), tf.sum(tf.mul(labels as tf.Tensor, tf.tensor1d([10, 20, 30])), 1, true)));
  const options = { seeds: [5, 6, 7], shape: [1], labels: (seed: number) => seed - 5, labelDim: 3, batch: 2 };
  for await (const { seeds, images } of sampler.sampleSeeds({ denoiser: byClass, sigmas: [1, 0], ...options }))
    seen.push(seeds, values(images));
  expect(seen).toEqual([[5, 6], [10, 20], [7], [30]]);
});
