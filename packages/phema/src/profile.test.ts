import { gammaToSigmaRel, powerEmaBeta, powerEmaShare, profileDot, sigmaRelToGamma } from '@edm2/phema';
import { readGolden, relativeError } from '@edm2/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const golden = readGolden('phema');
const column = (name: string) => [...golden.get(name).data];

describe('conversions', () => {
  it('match the golden file to 1e-9', () => {
    expect(relativeError(column('std').map(sigmaRelToGamma), column('std_to_exp'))).toBeLessThan(1e-9);
    expect(relativeError(column('exp').map(gammaToSigmaRel), column('exp_to_std'))).toBeLessThan(1e-9);
  });

  it('are each other’s inverse over the whole range', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-4, max: 0.288675, noNaN: true }), (sigmaRel) => {
        expect(gammaToSigmaRel(sigmaRelToGamma(sigmaRel)) / sigmaRel).toBeCloseTo(1, 11);
      }),
    );
    expect(sigmaRelToGamma(gammaToSigmaRel(0))).toBeCloseTo(0, 12);
  });

  it('fall as the other rises', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.28, noNaN: true }), (sigmaRel) => {
        expect(sigmaRelToGamma(sigmaRel)).toBeGreaterThan(sigmaRelToGamma(sigmaRel * 1.01));
      }),
    );
  });

  it.each([0, -0.1, 0.2887, 0.5, Number.NaN])('refuse sigmaRel %s', (sigmaRel) => {
    expect(() => sigmaRelToGamma(sigmaRel)).toThrow(RangeError);
  });
});

describe('powerEmaBeta', () => {
  it.each([0.05, 0.1, 0.2])('matches the golden file to 1e-9 at sigmaRel %s', (sigmaRel) => {
    const t = column('beta.t_next');
    const betas = t.map((end) => powerEmaBeta(sigmaRelToGamma(sigmaRel), end, 2048));
    expect(relativeError(betas, column(`beta.std${sigmaRel}`))).toBeLessThan(1e-9);
    expect(betas[0]).toBe(0);
  });

  it('of k steps at once is the product of k single steps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1000 }), (k, before) => {
        const batch = 64;
        const end = (before + k) * batch;
        let product = 1;
        for (let i = 1; i <= k; i++) product *= powerEmaBeta(6.94, (before + i) * batch, batch);
        expect(powerEmaBeta(6.94, end, k * batch)).toBeCloseTo(product, 12);
      }),
    );
  });

  it('and its complement add up to 1, the complement keeping its digits', () => {
    // First order in dt / t; the second order is 2e-9 of it.
    expect(powerEmaShare(6.94, 2 ** 31, 1) / (7.94 / 2 ** 31)).toBeCloseTo(1, 8);
    expect(powerEmaShare(3, 10, 2) + powerEmaBeta(3, 10, 2)).toBeCloseTo(1, 15);
  });

  it.each([
    [-1, 10, 1],
    [1, 0, 0],
    [1, 10, 0],
    [1, 10, 11],
    [1, Number.NaN, 1],
  ])('refuses gamma %s, t %s, dt %s', (gamma, t, dt) => {
    expect(() => powerEmaBeta(gamma, t, dt)).toThrow(/powerEmaBeta: expected/);
  });
});

describe('profileDot', () => {
  const integral = (a: { gamma: number; t: number }, b: { gamma: number; t: number }) => {
    const steps = 200_000;
    const end = Math.min(a.t, b.t);
    const profile = ({ gamma, t }: { gamma: number; t: number }, tau: number) => ((gamma + 1) / t) * (tau / t) ** gamma;
    let sum = 0;
    for (let i = 0; i < steps; i++) {
      const tau = ((i + 0.5) / steps) * end;
      sum += profile(a, tau) * profile(b, tau);
    }
    return (sum * end) / steps;
  };

  it.each([
    [
      { gamma: 17, t: 3 },
      { gamma: 7, t: 5 },
    ],
    [
      { gamma: 17, t: 5 },
      { gamma: 7, t: 3 },
    ],
    [
      { gamma: 0.5, t: 2 },
      { gamma: 3, t: 2 },
    ],
  ])('is the integral of the product: %o, %o', (a, b) => {
    expect(profileDot(a, b) / integral(a, b)).toBeCloseTo(1, 6);
    expect(profileDot(a, b)).toBeCloseTo(profileDot(b, a), 14);
  });

  it('refuses a profile that ends at 0', () => {
    expect(() => profileDot({ gamma: 1, t: 0 }, { gamma: 1, t: 1 })).toThrow(
      /profileDot: expected a profile with t > 0/,
    );
  });
});
