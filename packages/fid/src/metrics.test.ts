import {
  bootstrap,
  createStatistics,
  frechetDistance,
  inceptionScore,
  kernelDistance,
  precisionRecall,
  sampleSizeWarning,
  slicedFrechetDistance,
  spreadOf,
  takeRows,
  vendiScore,
} from '@edm2/fid';
import { maxAbsoluteError, readGolden } from '@edm2/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const golden = readGolden('stats');
const results = JSON.parse(golden.metadata['results'] ?? '{}');
const array = (name: string): number[] => Array.from(golden.get(name).data, Number);
const real = Float32Array.from(array('feat.real'));
const fake = Float32Array.from(array('feat.fake'));
const rows = (name: string): Int32Array[] =>
  Array.from({ length: 20 }, (_, i) => Int32Array.from(array(name).slice(i * 100, (i + 1) * 100)));
const dims = 64;

describe('kernelDistance', () => {
  it('agrees with the reference on whole sets', () => {
    // A difference of sums near 1: 1e-13 is 500 units in the last place of those.
    expect(Math.abs(kernelDistance(real, fake, { dims }) - results.kid_whole)).toBeLessThan(1e-13);
    expect(kernelDistance(fake, real, { dims })).toBeCloseTo(results.kid_whole, 13);
  });

  it('agrees with the reference on its subsets', () => {
    const fakes = rows('kid.subsets_fake');
    const subsets = rows('kid.subsets_real').map((x, i) => ({ x, y: fakes[i] ?? [] }));
    const { mean, std, values } = kernelDistance(real, fake, { dims, subsets });
    expect(maxAbsoluteError(values, golden.get('kid.mmd').data)).toBeLessThan(1e-13);
    expect(mean).toBeCloseTo(results.kid_subsets_mean, 13);
    expect(std).toBeCloseTo(results.kid_subsets_std, 13);
  });

  it('draws subsets by seed, around the whole figure', () => {
    const of = (seed: number) => kernelDistance(real, fake, { dims, subsets: 60, subsetSize: 100, seed });
    expect(of(1)).toEqual(of(1));
    expect(of(1).values).not.toEqual(of(2).values);
    expect(Math.abs(of(1).mean - results.kid_whole)).toBeLessThan((4 * of(1).std) / Math.sqrt(60));
    // A subset of everything is everything, in another order.
    expect(kernelDistance(real, fake, { dims, subsets: 1, subsetSize: 300 }).mean).toBeCloseTo(results.kid_whole, 12);
  });

  it('does not depend on how the bands of products are cut', () => {
    const x = Float64Array.from({ length: 1003 * 3 }, (_, i) => Math.sin(i * i));
    const y = Float64Array.from({ length: 517 * 3 }, (_, i) => Math.cos(i * i + 1));
    const kernel = (a: Float64Array, i: number, b: Float64Array, j: number): number =>
      ([0, 1, 2].reduce((sum, d) => sum + (a[i * 3 + d] ?? 0) * (b[j * 3 + d] ?? 0), 0) / 3 + 1) ** 3;
    const mean = (a: Float64Array, b: Float64Array): number => {
      let sum = 0;
      for (let i = 0; i < a.length / 3; i++) {
        for (let j = 0; j < b.length / 3; j++) if (a !== b || i !== j) sum += kernel(a, i, b, j);
      }
      return sum / (a === b ? (a.length / 3) * (a.length / 3 - 1) : (a.length * b.length) / 9);
    };
    expect(kernelDistance(x, y, { dims: 3 })).toBeCloseTo(mean(x, x) + mean(y, y) - 2 * mean(x, y), 12);
  });

  it.each([
    [{}, /width, got undefined/],
    [{ dims: 7 }, /multiple of 7 values/],
    [{ dims, subsets: 0 }, /subsets ≥ 1, got 0/],
    [{ dims, subsets: 3, subsetSize: 301 }, /subsetSize from 2 to 300, the smaller set, got 301/],
    [{ dims, subsets: [{ x: [0, 300], y: [0, 1] }] }, /rows from 0 to 299, got 300/],
    [{ dims, subsets: [{ x: [0], y: [0, 1] }] }, /at least 2 rows/],
  ])('refuses %j', (options, text) => {
    expect(() => kernelDistance(real, fake, options)).toThrow(text);
  });
});

describe('precisionRecall', () => {
  it.each([3, 5])('agrees with the reference, k = %i', (k) => {
    const { precision, recall, density, coverage } = precisionRecall(real, fake, { dims, k });
    expect([precision, recall, density, coverage]).toEqual(
      ['precision', 'recall', 'density', 'coverage'].map((key) => expect.closeTo(results[`prdc_k${k}`][key], 14)),
    );
  });

  it('is unmoved by a common shift, and counts copies as inside', () => {
    const shifted = (x: Float32Array): Float64Array => Float64Array.from(x, (value) => value + 1000);
    expect(precisionRecall(shifted(real), shifted(fake), { dims })).toEqual(precisionRecall(real, fake, { dims }));
    expect(precisionRecall(real, real, { dims })).toMatchObject({ precision: 1, recall: 1, coverage: 1 });
  });

  it('a sample with k copies has a ball of radius 0, which holds nothing: strictly nearer', () => {
    const copies = [
      [1, 2, 0.1],
      [1, 2, 0.1],
      [1, 2, 0.1],
      [1, 2, 0.1],
    ];
    expect(precisionRecall(copies, copies, { k: 3 })).toEqual({ precision: 0, recall: 0, density: 0, coverage: 0 });
  });

  it('refuses k without neighbours, and features of unequal width', () => {
    expect(() => precisionRecall([[0], [1]], [[0], [1]], { k: 2 })).toThrow(/at least 3 feature vectors, got 2/);
    expect(() => precisionRecall(real, fake, { dims, k: 0 })).toThrow(/k from 1/);
    expect(() =>
      precisionRecall(
        [[0], [1]],
        [
          [0, 1],
          [1, 1],
        ],
        { k: 1 },
      ),
    ).toThrow(/equal width, got 1 and 2/);
    expect(() => precisionRecall([[0], [Number.NaN]], [[0], [1]], { k: 1 })).toThrow(
      /finite features, got NaN in row 1/,
    );
  });
});

describe('inceptionScore', () => {
  const logits = Float32Array.from(array('is.logits'));
  it.each([1, 7, 10])('agrees with the reference in %i splits', (splits) => {
    const { mean, std } = inceptionScore(logits, { dims, splits });
    expect(maxAbsoluteError([mean, std], results[`is_${splits}`])).toBeLessThan(1e-12);
  });

  it('agrees in the shuffled order', () => {
    const { mean, std } = inceptionScore(logits, { dims, order: array('is.permutation_2020') });
    expect(maxAbsoluteError([mean, std], results.is_10_shuffled)).toBeLessThan(1e-12);
  });

  it('is 1 for equal rows, the number of classes for certain and even ones', () => {
    expect(
      inceptionScore(
        [
          [1, 2],
          [1, 2],
        ],
        { splits: 1 },
      ).mean,
    ).toBeCloseTo(1, 14);
    expect(
      inceptionScore(
        [
          [2000, 0, 0],
          [0, 2000, 0],
          [0, 0, 2000],
        ],
        { splits: 1 },
      ).mean,
    ).toBeCloseTo(3, 14);
  });

  it('refuses splits and orders that do not fit', () => {
    expect(() => inceptionScore([[1, 2]], { splits: 2 })).toThrow(/splits from 1 to the 1 rows, got 2/);
    expect(() =>
      inceptionScore(
        [
          [1, 2],
          [2, 1],
        ],
        { splits: 1, order: [0] },
      ),
    ).toThrow(/order of 2 rows, got undefined/);
    expect(() =>
      inceptionScore(
        [
          [1, 2],
          [2, 1],
        ],
        { splits: 1, order: [0, 2] },
      ),
    ).toThrow(/got 2 at 1/);
  });
});

describe('vendiScore', () => {
  const hundred = fake.subarray(0, 100 * dims);
  it.each([
    [1, results.vendi.q1],
    [2, results.vendi.q2],
    [Number.POSITIVE_INFINITY, results.vendi.qinf],
  ])('agrees with the reference, q = %d', (q, expected) => {
    expect(Math.abs(vendiScore(hundred, { dims, q }) / expected - 1)).toBeLessThan(1e-12);
  });

  it('takes a kernel, and gives the same either way round', () => {
    const kernel = (product: number, width: number): number => (product / width + 1) ** 3;
    expect(vendiScore(hundred, { dims, kernel })).toBeCloseTo(results.vendi.poly_q1_unnormalised_trace, 11);
    expect(vendiScore(hundred, { dims, kernel: (product) => product })).toBeCloseTo(results.vendi.q1, 11);
  });

  it('counts orthogonal images, and q = 0 the kinds', () => {
    const kinds = [
      [1, 0, 0],
      [0, 2, 0],
      [0, 2, 0],
      [0, 5, 0],
    ];
    expect(
      vendiScore([
        [1, 0, 0],
        [0, 2, 0],
        [0, 0, 3],
      ]),
    ).toBeCloseTo(3, 14);
    expect(vendiScore(kinds, { q: 0 })).toBeCloseTo(2, 12);
    expect(vendiScore(kinds, { q: Number.POSITIVE_INFINITY })).toBeCloseTo(4 / 3, 12);
    expect(() => vendiScore([[0, 0]])).toThrow(/zeros in row 0/);
    expect(() => vendiScore(kinds, { q: -1 })).toThrow(/q ≥ 0, got -1/);
  });
});

describe('slicedFrechetDistance', () => {
  it('of spheres has a closed form', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.double({ min: 0.1, max: 9, noNaN: true }), (width, variance) => {
        const sphere = (v: number) => ({
          mu: new Float64Array(width),
          sigma: Float64Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? v : 0)),
        });
        const distance = slicedFrechetDistance(sphere(variance), sphere(1), { directions: 3 });
        expect(distance).toBeCloseTo((Math.sqrt(variance) - 1) ** 2, 12);
      }),
    );
  });

  it('of a shift is its squared length over dims, and 0 for equal sets', () => {
    const unit = { sigma: [1, 0, 0, 1] };
    const distance = slicedFrechetDistance({ mu: [3, 4], ...unit }, { mu: [0, 0], ...unit }, { directions: 20_000 });
    expect(Math.abs(distance / 12.5 - 1)).toBeLessThan(0.02);
    expect(slicedFrechetDistance({ mu: [3, 4], ...unit }, { mu: [3, 4], ...unit })).toBe(0);
    expect(() => slicedFrechetDistance({ mu: [3, 4], ...unit }, { mu: [3], sigma: [1] })).toThrow(/got 2 and 1/);
  });
});

describe('how sure', () => {
  it('bootstrap gives the standard error of a mean', () => {
    const values = Float64Array.from({ length: 400 }, (_, i) => i % 10);
    const { mean, std } = bootstrap(
      400,
      (chosen) => takeRows(values, chosen, { dims: 1 }).reduce((a, b) => a + b) / 400,
      {
        resamples: 500,
      },
    );
    expect(mean).toBeCloseTo(4.5, 1);
    expect(Math.abs(std / Math.sqrt(8.25 / 400) - 1)).toBeLessThan(0.1);
  });

  it('bootstrap of a distance is repeatable by seed', () => {
    const gaussian = (values: Float64Array | Float32Array) => {
      const statistics = createStatistics(dims);
      statistics.add(values);
      return statistics.result();
    };
    const reference = gaussian(real);
    const of = (seed: number) =>
      bootstrap(300, (chosen) => frechetDistance(reference, gaussian(takeRows(fake, chosen, { dims }))), {
        resamples: 4,
        seed,
      });
    expect(of(3)).toEqual(of(3));
    expect(of(3).values).not.toEqual(of(4).values);
    expect(of(3).mean).toBeGreaterThan(results.fd_features);
  });

  it('spreadOf several draws', () => {
    expect(spreadOf([2.5, 2.7, 2.6])).toMatchObject({ mean: expect.closeTo(2.6, 12), std: expect.closeTo(0.1, 12) });
    expect(() => spreadOf([1])).toThrow(/at least 2 finite values, got \[1\]/);
    expect(() => bootstrap(3, () => Number.NaN)).toThrow(/finite statistic, got NaN in resample 0/);
    expect(() => bootstrap(3, () => 1, { resamples: 1 })).toThrow(/resamples ≥ 2/);
  });

  it('warns below the dims, and below 10,000', () => {
    expect(sampleSizeWarning(2048, 2048)).toMatch(/2048 images for 2048 feature dimensions/);
    expect(sampleSizeWarning(5000, 2048)).toMatch(/biased upwards/);
    expect(sampleSizeWarning(50_000, 2048)).toBeUndefined();
  });
});
