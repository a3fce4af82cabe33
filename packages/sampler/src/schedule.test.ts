import { karrasSchedule } from '@edm2/sampler';
import { describe, expect, it } from 'vitest';

describe('karrasSchedule', () => {
  it('runs from sigmaMax over sigmaMin to 0 along the ρ-th power of a line', () => {
    const sigmas = karrasSchedule();
    expect(sigmas).toBeInstanceOf(Float64Array);
    expect(sigmas.length).toBe(33);
    expect([sigmas[0], sigmas[31], sigmas[32]]).toEqual([80, 0.002, 0]);
    for (let i = 0; i < 32; i++) {
      expect(sigmas[i]).toBeGreaterThan(sigmas[i + 1] ?? 0);
      const line = 80 ** (1 / 7) + (i / 31) * (0.002 ** (1 / 7) - 80 ** (1 / 7));
      expect((sigmas[i] ?? 0) / line ** 7).toBeCloseTo(1, 12);
    }
  });

  it('is evenly spaced with rho 1, and a single step goes straight to 0', () => {
    expect([...karrasSchedule({ steps: 3, sigmaMin: 1, sigmaMax: 3, rho: 1 })]).toEqual([3, 2, 1, 0]);
    expect([...karrasSchedule({ steps: 1 })]).toEqual([80, 0]);
  });

  it.each([{ steps: 0 }, { steps: 1.5 }, { sigmaMin: 0 }, { sigmaMin: 80 }, { sigmaMax: Number.NaN }, { rho: 0 }])(
    'refuses %o',
    (options) => {
      expect(() => karrasSchedule(options)).toThrow(RangeError);
    },
  );
});
