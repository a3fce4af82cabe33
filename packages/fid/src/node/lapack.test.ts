import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { frechetDistance, type Gaussian } from '@edm2/fid';
import { findLapack } from '@edm2/fid/node';
import { readGolden } from '@edm2/test-support';
import { describe, expect, it, test } from 'vitest';
import { TYPED_ARRAYS } from '../linear-algebra/linear-algebra.js';
import { verifyLinearAlgebra } from './verify-linear-algebra.js';

/** OpenBLAS of the NumPy that the benchmarks install, where they did. */
function wheel(): string | undefined {
  const root = fileURLToPath(new URL('../../../../bench/.venv/lib/', import.meta.url));
  try {
    const found = readdirSync(root)
      .flatMap((python) => {
        const folder = `${root}${python}/site-packages/numpy.libs/`;
        return readdirSync(folder).map((file) => folder + file);
      })
      .find((file) => file.includes('openblas'));
    return found;
  } catch {
    return undefined;
  }
}

const library = wheel();
const lapack = library === undefined ? await findLapack() : await findLapack({ library });
const golden = readGolden('stats');
const get = (name: string): Float64Array => Float64Array.from(golden.get(name).data);
const fdCase = (name: string): [Gaussian, Gaussian, number] => [
  { mu: get(`fd.${name}.mu1`), sigma: get(`fd.${name}.sigma1`) },
  { mu: get(`fd.${name}.mu2`), sigma: get(`fd.${name}.sigma2`) },
  get(`fd.${name}.exact`)[0] ?? Number.NaN,
];

describe.skipIf(!lapack)('the Fréchet distance through LAPACK (skipped: no LAPACK found here)', () => {
  const options = { linearAlgebra: lapack };
  it.each(['d8_full', 'd64_full', 'd256_full', 'd256_commuting'])('agrees with 60-digit arithmetic: %s', (name) => {
    const [a, b, exact] = fdCase(name);
    expect(Math.abs(frechetDistance(a, b, options) / exact - 1)).toBeLessThan(1e-9);
    expect(Math.abs(frechetDistance(b, a, options) / exact - 1)).toBeLessThan(1e-9);
  });

  it.each(['d64_rank_deficient', 'd64_both_rank_deficient', 'd64_tiny_eigs', 'd8_tiny_eigs'])(
    'agrees within 1e-6 when nearly singular: %s',
    (name) => {
      const [a, b, exact] = fdCase(name);
      expect(Math.abs(frechetDistance(a, b, options) - exact)).toBeLessThan(1e-6);
    },
  );

  it('refuses what typed arrays refuse, and takes zeros', () => {
    const two = { mu: [0, 0], sigma: [1, 0, 0, 1] };
    expect(() => frechetDistance({ mu: [0, 0], sigma: [2, 2, 2, 1] }, two, options)).toThrow(/semidefinite a\.sigma/);
    expect(() => frechetDistance(two, { mu: [0, 0], sigma: [2, 2, 2, 1] }, options)).toThrow(/semidefinite b\.sigma/);
    expect(frechetDistance({ mu: [1, 2], sigma: [0, 0, 0, 0] }, { ...two, mu: [4, 6] }, options)).toBe(27);
  });
});

test('a library without LAPACK, or none at all, is an error when named', async () => {
  await expect(findLapack({ library: '/nowhere/liblapack.so' })).rejects.toThrow(/findLapack: .* got \/nowhere/);
  await expect(findLapack({ library: process.platform === 'linux' ? 'libm.so.6' : 'libm' })).rejects.toThrow(
    RangeError,
  );
});

test('verification passes for what is right and fails for each wrong routine', () => {
  expect(() => verifyLinearAlgebra(TYPED_ARRAYS)).not.toThrow();
  const nothing = { ...TYPED_ARRAYS, multiplyTransposed: () => undefined };
  expect(() => verifyLinearAlgebra(nothing)).toThrow(/a product off by/);
  const shifted = {
    ...TYPED_ARRAYS,
    symmetricEigenvalues: (a: Float64Array, n: number) => TYPED_ARRAYS.symmetricEigenvalues(a, n).map((x) => x + 1e-6),
  };
  expect(() => verifyLinearAlgebra(shifted)).toThrow(/eigenvalues off by/);
  const unordered = {
    ...TYPED_ARRAYS,
    pivotedCholesky: (a: Float64Array, n: number) => ({
      ...TYPED_ARRAYS.pivotedCholesky(a, n),
      order: Int32Array.from({ length: n }, (_, i) => i),
    }),
  };
  expect(() => verifyLinearAlgebra(unordered)).toThrow(/a factor off by/);
});
