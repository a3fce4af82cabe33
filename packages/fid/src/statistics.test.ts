import { createStatistics, type StatisticsResult } from '@edm2/fid';
import { maxAbsoluteError, readGolden } from '@edm2/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const golden = readGolden('stats');

function statisticsOf(features: Float32Array | Float64Array, dims: number, cuts: number[] = []): StatisticsResult {
  const statistics = createStatistics(dims);
  let at = 0;
  for (const cut of [...cuts, features.length / dims]) {
    statistics.add(features.subarray(at * dims, cut * dims));
    at = cut;
  }
  return statistics.result();
}

describe('createStatistics', () => {
  it.each(['real', 'fake'])('agrees with numpy on the golden features: %s', (name) => {
    const { mu, sigma, n } = statisticsOf(Float32Array.from(golden.get(`feat.${name}`).data), 64);
    expect(n).toBe(300);
    expect(maxAbsoluteError(mu, golden.get(`feat.mu_${name}`).data)).toBeLessThan(1e-14);
    expect(maxAbsoluteError(sigma, golden.get(`feat.sigma_${name}`).data)).toBeLessThan(1e-13);
  });

  it('gives the same bits however the features are cut into calls', () => {
    const dims = 5;
    const features = Float64Array.from({ length: 700 * dims }, (_, i) => Math.sin(i * i) + 3);
    const whole = statisticsOf(features, dims);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 700 })), (cuts) => {
        expect(
          statisticsOf(
            features,
            dims,
            [...cuts].sort((a, b) => a - b),
          ),
        ).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('agrees with the definition for any small set', () => {
    const sets = fc.integer({ min: 1, max: 6 }).chain((dims) =>
      fc
        .array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: dims, maxLength: dims }), {
          minLength: 2,
          maxLength: 9,
        })
        .map((rows) => ({ dims, rows })),
    );
    fc.assert(
      fc.property(sets, ({ dims, rows }) => {
        const statistics = createStatistics(dims);
        statistics.add(rows);
        const { mu, sigma, n } = statistics.result();
        const mean = Array.from(
          { length: dims },
          (_, d) => rows.reduce((sum, row) => sum + (row[d] ?? 0), 0) / rows.length,
        );
        const expected = mean.flatMap((a, i) =>
          mean.map(
            (b, j) => rows.reduce((sum, row) => sum + ((row[i] ?? 0) - a) * ((row[j] ?? 0) - b), 0) / (rows.length - 1),
          ),
        );
        expect(n).toBe(rows.length);
        expect(maxAbsoluteError(mu, mean)).toBeLessThan(1e-13);
        expect(maxAbsoluteError(sigma, expected)).toBeLessThan(1e-12);
      }),
    );
  });

  it('keeps its digits when the mean is far from zero', () => {
    const noise = Float64Array.from({ length: 2000 }, (_, i) => Math.sin(i * i));
    const near = statisticsOf(noise, 2);
    const far = statisticsOf(
      noise.map((x) => x + 2 ** 27),
      2,
    ); // a naive sum of squares has no digit left at 2^54
    expect(maxAbsoluteError(far.sigma, near.sigma)).toBeLessThan(1e-7);
  });

  it('merges parts into the whole, leaving them as they are', () => {
    const dims = 3;
    const features = Float64Array.from({ length: 900 * dims }, (_, i) => Math.sin(i * i) + (i % 7));
    const parts = [0, 1, 300, 300, 900].map((end, i, ends) => {
      const part = createStatistics(dims);
      part.add(features.subarray((ends[i - 1] ?? 0) * dims, end * dims));
      return part;
    });
    const total = createStatistics(dims);
    for (const part of parts) total.merge(part);
    const whole = statisticsOf(features, dims);
    expect(total.n).toBe(900);
    expect(maxAbsoluteError(total.result().mu, whole.mu)).toBeLessThan(1e-13);
    expect(maxAbsoluteError(total.result().sigma, whole.sigma)).toBeLessThan(1e-12);
    expect(parts.map((part) => part.n)).toEqual([0, 1, 299, 0, 600]);
    expect(parts[4]?.result()).toEqual(statisticsOf(features.subarray(300 * dims), dims));
    const twice = createStatistics(dims);
    twice.add(features);
    twice.merge(twice);
    expect(twice.n).toBe(1800);
    expect(maxAbsoluteError(twice.result().mu, whole.mu)).toBeLessThan(1e-13);
  });

  it('result() gives new arrays, exactly symmetric, and adding may go on', () => {
    const features = Float64Array.from({ length: 600 * 6 }, (_, i) => Math.cos(i * i));
    const statistics = createStatistics(6);
    statistics.add(features.subarray(0, 100 * 6));
    const early = statistics.result();
    early.sigma.fill(9);
    early.mu.fill(9);
    statistics.add(features.subarray(100 * 6));
    const { mu, sigma } = statistics.result();
    expect({ mu, sigma, n: 600 }).toEqual(statisticsOf(features, 6));
    for (let i = 0; i < 6; i++) for (let j = 0; j < 6; j++) expect(sigma[i * 6 + j]).toBe(sigma[j * 6 + i]);
  });

  it('takes tensors, rows and flat arrays alike', () => {
    const flat = Float32Array.of(1, 2, 3, 5, 8, 13);
    const expected = statisticsOf(flat, 2);
    for (const features of [[[1, 2], Float32Array.of(3, 5), [8, 13]], { shape: [3, 2], dataSync: () => flat }]) {
      const statistics = createStatistics(2);
      statistics.add(features);
      expect(statistics.result()).toEqual(expected);
    }
  });

  it('refuses what does not fit and adds nothing of it', () => {
    const statistics = createStatistics(2);
    expect(() => statistics.add(new Float32Array(3))).toThrow(/multiple of 2 values, got 3/);
    expect(() => statistics.add([[1, 2], [3]])).toThrow(/rows of 2 values, got one of 1/);
    expect(() => statistics.add({ shape: [2], dataSync: () => [1, 2] })).toThrow(/\[N, 2\], got \[2\]/);
    expect(() => statistics.add(Float32Array.of(1, 2, 3, Number.NaN))).toThrow(/got NaN in row 1/);
    expect(statistics.n).toBe(0);
    statistics.add([[1, 2]]);
    expect(() => statistics.result()).toThrow(/at least 2 feature vectors, got 1/);
    expect(() => statistics.merge(createStatistics(3))).toThrow(/2 dims, got 3/);
    expect(() => statistics.merge({} as never)).toThrow(TypeError);
    for (const dims of [0, 1.5, -1, 20_000]) expect(() => createStatistics(dims)).toThrow(RangeError);
  });
});
