import { readGolden } from '@edm2/test-support';
import { learningRate } from '@edm2/training';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const options = { ref: 0.01, decayBatches: 70_000, batch: 2048 };

describe('learningRate', () => {
  test.each(['unet-latent', 'unet-rgb-uncond'])('gives the stored rates of %s', (name) => {
    const { metadata } = readGolden(name);
    const read = (key: string) => JSON.parse(metadata[key] ?? '');
    const batch = read('batch');
    const rates = [0, 1, 2, 3].map((step) =>
      learningRate(step * batch + 1, {
        ref: read('lr_ref'),
        decayBatches: read('ref_batches'),
        batch,
        rampupMimg: read('rampup'),
      }),
    );
    expect(rates).toEqual(read('lrs'));
  });

  test('ramps up over ten million images by default', () => {
    expect(learningRate(0, options)).toBe(0);
    expect(learningRate(2_500_000, options)).toBeCloseTo(0.0025, 12);
    expect(learningRate(10_000_000, options)).toBe(0.01);
  });

  test('halves after four times the reference', () => {
    expect(learningRate(70_000 * 2048, options)).toBe(0.01);
    expect(learningRate(4 * 70_000 * 2048, options)).toBeCloseTo(0.005, 12);
  });

  test.each([0, Number.POSITIVE_INFINITY])('never decays with decayBatches %d', (decayBatches) => {
    expect(learningRate(1e12, { ...options, decayBatches })).toBe(0.01);
  });

  test('never rises after the ramp-up and stays within [0, ref]', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), fc.nat(2 ** 31 - 1), (a, b) => {
        const [early, late] = [1e7 + Math.min(a, b), 1e7 + Math.max(a, b)].map((n) => learningRate(n, options));
        return (early ?? 0) >= (late ?? 1) && (early ?? 1) <= 0.01 && (late ?? -1) > 0;
      }),
      { seed: 3 },
    );
  });

  test('says what is wrong', () => {
    expect(() => learningRate(-1, options)).toThrow('learningRate: expected nimg ≥ 0, got -1.');
    expect(() => learningRate(1, { ...options, batch: 0 })).toThrow('expected batch > 0, got 0.');
    expect(() => learningRate(1, { ...options, decayBatches: Number.NaN })).toThrow('expected decayBatches ≥ 0');
    expect(() => learningRate(1, { ...options, rampupMimg: -1 })).toThrow('expected rampupMimg ≥ 0');
  });
});
