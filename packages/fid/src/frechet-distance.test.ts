import { createStatistics, frechetDistance, type Gaussian } from '@edm2/fid';
import { readGolden } from '@edm2/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const golden = readGolden('stats');
const get = (name: string): Float64Array => Float64Array.from(golden.get(name).data);
const fdCase = (name: string): { a: Gaussian; b: Gaussian; exact: number } => ({
  a: { mu: get(`fd.${name}.mu1`), sigma: get(`fd.${name}.sigma1`) },
  b: { mu: get(`fd.${name}.mu2`), sigma: get(`fd.${name}.sigma2`) },
  exact: get(`fd.${name}.exact`)[0] ?? Number.NaN,
});

describe('frechetDistance', () => {
  // Regular covariances, ill-conditioned ones included: 1e-12 relative (LAPACK's symmetric form reaches 2e-12 to 1e-9 on the same).
  it.each(['d8_full', 'd64_full', 'd256_full', 'd256_commuting', 'd64_tiny_eigs', 'd8_tiny_eigs'])(
    'agrees with 60-digit arithmetic: %s',
    (name) => {
      const { a, b, exact } = fdCase(name);
      expect(Math.abs(frechetDistance(a, b) / exact - 1)).toBeLessThan(1e-12);
      expect(Math.abs(frechetDistance(b, a) / exact - 1)).toBeLessThan(1e-12);
    },
  );

  // Each null direction costs the root of a rounding error; no float64 method gets below about 1e-7.
  it.each(['d64_rank_deficient', 'd64_both_rank_deficient'])('agrees within 1e-6 when singular: %s', (name) => {
    const { a, b, exact } = fdCase(name);
    expect(Math.abs(frechetDistance(a, b) - exact)).toBeLessThan(1e-6);
    expect(Math.abs(frechetDistance(b, a) - exact)).toBeLessThan(1e-6);
  });

  it('is exactly 0 for identical statistics, at most 1e-8 for a change in the last bit', () => {
    const { a } = fdCase('d64_identical');
    expect(frechetDistance(a, { mu: Array.from(a.mu), sigma: Array.from(a.sigma) })).toBe(0);
    const sigma = Float64Array.from(a.sigma);
    sigma[0] = (sigma[0] ?? 0) * (1 + 2 * Number.EPSILON);
    const distance = frechetDistance(a, { mu: a.mu, sigma });
    expect(distance).toBeGreaterThanOrEqual(0);
    expect(distance).toBeLessThan(1e-8);
  });

  it('has the closed form for diagonal covariances, zero variances included', () => {
    const side = fc.record({
      m: fc.float({ min: -9, max: 9, noNaN: true }),
      v: fc.float({ min: 0, max: 9, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 9 }), (pairs) => {
        const diagonal = (variances: number[]): number[] =>
          variances.flatMap((v, i) => variances.map((_, j) => (i === j ? v : 0)));
        const a = { mu: pairs.map(([x]) => x.m), sigma: diagonal(pairs.map(([x]) => x.v)) };
        const b = { mu: pairs.map(([, y]) => y.m), sigma: diagonal(pairs.map(([, y]) => y.v)) };
        const exact = pairs.reduce((sum, [x, y]) => sum + (x.m - y.m) ** 2 + (Math.sqrt(x.v) - Math.sqrt(y.v)) ** 2, 0);
        expect(Math.abs(frechetDistance(a, b) - exact)).toBeLessThan(1e-6);
      }),
    );
  });

  it('of two sets: the stored features give the stored figure', () => {
    const results = JSON.parse(golden.metadata['results'] ?? '{}');
    const gaussian = (name: string): Gaussian => ({ mu: get(`feat.mu_${name}`), sigma: get(`feat.sigma_${name}`) });
    expect(frechetDistance(gaussian('real'), gaussian('fake'))).toBeCloseTo(results.fd_features, 10);
  });

  it('copes with huge, tiny and zero scales', () => {
    const { a, b, exact } = fdCase('d8_full');
    for (const scale of [1e-140, 1e-30, 1e30, 1e140]) {
      const scaled = ({ mu, sigma }: Gaussian): Gaussian => ({
        mu: Array.from(mu, (x) => x * Math.sqrt(scale)),
        sigma: Array.from(sigma, (x) => x * scale),
      });
      expect(Math.abs(frechetDistance(scaled(a), scaled(b)) / scale / exact - 1)).toBeLessThan(1e-9);
    }
    const point = { mu: [1, 2], sigma: [0, 0, 0, 0] };
    expect(frechetDistance(point, { mu: [4, 6], sigma: [1, 0, 0, 1] })).toBe(27);
    expect(frechetDistance({ mu: [4, 6], sigma: [1, 0, 0, 1] }, point)).toBe(27);
  });

  const one = { mu: [0], sigma: [1] };
  const two = { mu: [0, 0], sigma: [1, 0, 0, 1] };
  const refused: [string, Gaussian, Gaussian, RegExp][] = [
    ['differing dims', one, two, /equal dims, got 1 and 2/],
    ['a sigma of another size', two, { mu: [0, 0], sigma: [1] }, /b\.sigma of dims² values .* got 1 and 2/],
    ['no dims', { mu: [], sigma: [] }, one, /a\.sigma .* got 0 and 0/],
    ['NaN', { mu: [Number.NaN], sigma: [1] }, one, /NaN or infinity in a/],
    ['infinity', one, { mu: [0], sigma: [Number.POSITIVE_INFINITY] }, /NaN or infinity in b/],
    ['an asymmetric sigma', two, { mu: [0, 0], sigma: [1, 0.5, 0, 1] }, /symmetric b\.sigma/],
    ['a negative variance', { mu: [0, 0], sigma: [1, 0, 0, -0.5] }, two, /semidefinite a\.sigma/],
    ['an indefinite sigma', { mu: [0, 0], sigma: [2, 2, 2, 1] }, two, /semidefinite a\.sigma/],
    ['a matrix without variances', two, { mu: [0, 0], sigma: [0, 1, 1, 0] }, /semidefinite b\.sigma/],
    ['an indefinite second sigma', two, { mu: [0, 0], sigma: [2, 2, 2, 1] }, /semidefinite b\.sigma/],
  ];
  it.each(refused)('refuses %s', (_, a, b, text) => {
    expect(() => frechetDistance(a, b)).toThrow(RangeError);
    expect(() => frechetDistance(a, b)).toThrow(text);
  });
});

describe('statistics and distance together', () => {
  it('the golden features give the golden mean, covariance and distance', () => {
    const results = JSON.parse(golden.metadata['results'] ?? '{}');
    const of = (name: string) => {
      const statistics = createStatistics(64);
      statistics.add(Float32Array.from(golden.get(`feat.${name}`).data));
      return statistics.result();
    };
    expect(frechetDistance(of('real'), of('fake'))).toBeCloseTo(results.fd_features, 10);
  });
});
