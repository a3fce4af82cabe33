import { type Profile, sigmaRelToGamma, synthesisWeights } from '@edm2/phema';
import { readGolden, relativeError } from '@edm2/test-support';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const golden = readGolden('phema');
const column = (name: string) => [...golden.get(name).data];
const profiles = (times: number[], sigmaRels: number[]): Profile[] =>
  times.map((t, i) => ({ t, gamma: sigmaRelToGamma(sigmaRels[i] ?? Number.NaN) }));
const evenly = (snapshots: number, sigmaRels: number[]): Profile[] =>
  Array.from({ length: snapshots }, (_, i) => i + 1).flatMap((t) =>
    sigmaRels.map((s) => ({ t, gamma: sigmaRelToGamma(s) })),
  );
const sum = (weights: Float64Array) => weights.reduce((total, w) => total + w, 0);

describe('synthesisWeights', () => {
  const cases: [coefficients: string, stored: Profile[], t: number][] = [
    ['solve.coefs_at_end', profiles(column('solve.in_ofs'), column('solve.in_std')), 134217728],
    ['solve.coefs_at_mid', profiles(column('solve.in_ofs').slice(0, 20), column('solve.in_std')), 83886080],
    ['solve1.coefs', profiles(column('solve1.in_ofs'), column('solve1.in_std')), 8000],
  ];
  it.each(cases)('matches %s of the golden file', (name, stored, t) => {
    const targets = column('solve.out_std');
    const expected = golden.get(name);
    expect(expected.shape).toEqual([stored.length, targets.length]);
    targets.forEach((sigmaRel, k) => {
      const { weights, residual } = synthesisWeights(stored, { gamma: sigmaRelToGamma(sigmaRel), t });
      const reference = stored.map((_, i) => expected.data[i * targets.length + k] ?? Number.NaN);
      // The issue asks for 1e-6; refinement leaves only the rounding of the matrix itself.
      expect(relativeError(weights, reference)).toBeLessThan(1e-9);
      expect(residual).toBeLessThan(1e-14);
    });
  });

  it('reconstructs the golden trajectory, and near what tracking it exactly gives', () => {
    const width = 64;
    const stored = profiles(column('traj.snap_ofs'), column('traj.snap_std'));
    const values = golden.get('traj.snap_values').data;
    column('solve.out_std').forEach((sigmaRel, k) => {
      const { weights, profileError } = synthesisWeights(stored, { gamma: sigmaRelToGamma(sigmaRel), t: 25600 });
      const average = new Float64Array(width);
      weights.forEach((w, i) => {
        for (let j = 0; j < width; j++) average[j] = (average[j] ?? 0) + w * (values[i * width + j] ?? Number.NaN);
      });
      expect(
        relativeError(average, golden.get('traj.reconstructed').data.subarray(k * width, (k + 1) * width)),
      ).toBeLessThan(1e-9);
      const exact = golden.get('traj.exact').data.subarray(k * width, (k + 1) * width);
      // The exact averages are of 400 discrete steps, hence the floor.
      expect(relativeError(average, exact)).toBeLessThan(Math.max(0.01, 0.5 * profileError));
    });
  });

  it('gives a stored length at a stored time back as itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.nat(), (snapshots, pick) => {
        const stored = evenly(snapshots, [0.05, 0.1]);
        const chosen = pick % stored.length;
        const target = stored[chosen] as Profile;
        const { weights, profileError } = synthesisWeights(stored, target);
        weights.forEach((w, i) => {
          expect(Math.abs(w - (i === chosen ? 1 : 0))).toBeLessThan(1e-11);
        });
        expect(profileError).toBeLessThan(1e-7);
      }),
      { numRuns: 30 },
    );
  });

  it('sums to 1 whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0.01, max: 0.288, noNaN: true }),
        fc.double({ min: 0.5, max: 1.2, noNaN: true }),
        (snapshots, sigmaRel, share) => {
          const target = { gamma: sigmaRelToGamma(sigmaRel), t: share * snapshots };
          expect(sum(synthesisWeights(evenly(snapshots, [0.05, 0.1]), target).weights)).toBeCloseTo(1, 9);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('comes nearer with more snapshots', () => {
    const errorOf = (snapshots: number) =>
      synthesisWeights(evenly(snapshots, [0.05, 0.1]), { gamma: sigmaRelToGamma(0.15), t: snapshots }).profileError;
    const errors = [4, 8, 16, 32, 64].map(errorOf);
    for (let i = 1; i < errors.length; i++) expect(errors[i]).toBeLessThan(errors[i - 1] ?? 0);
  });

  it('is the nearest combination: moving any weight makes the profile error larger', () => {
    const stored = evenly(6, [0.05, 0.1]);
    const target = { gamma: sigmaRelToGamma(0.12), t: 6 };
    const { weights, profileError } = synthesisWeights(stored, target);
    const profile = ({ gamma, t }: Profile, tau: number) => (tau > t ? 0 : ((gamma + 1) / t) * (tau / t) ** gamma);
    const distance = (w: ArrayLike<number>) => {
      let squared = 0;
      let norm = 0;
      for (let k = 0; k < 6000; k++) {
        const tau = (k + 0.5) / 1000;
        const wanted = profile(target, tau);
        squared += (wanted - stored.reduce((total, p, i) => total + (w[i] ?? 0) * profile(p, tau), 0)) ** 2;
        norm += wanted ** 2;
      }
      return Math.sqrt(squared / norm);
    };
    expect(distance(weights)).toBeCloseTo(profileError, 5);
    for (let i = 0; i < weights.length; i++)
      for (const step of [-0.05, 0.05]) {
        const moved = weights.slice();
        moved[i] = (moved[i] ?? 0) + step;
        expect(distance(moved)).toBeGreaterThan(profileError);
      }
  });

  it('bears snapshots that repeat, nearly repeat, or are many', () => {
    const stored = evenly(8, [0.05, 0.1]);
    const target = { gamma: sigmaRelToGamma(0.07), t: 8 };
    const once = synthesisWeights(stored, target);
    const twice = synthesisWeights([...stored, ...stored], target);
    expect(twice.conditionNumber).toBe(Number.POSITIVE_INFINITY);
    expect(twice.profileError).toBeCloseTo(once.profileError, 9);
    expect(twice.sumAbs).toBeLessThan(once.sumAbs * 1.01);
    const nearly = synthesisWeights(
      [...stored, { gamma: (stored[5]?.gamma ?? 0) + 1e-9, t: stored[5]?.t ?? 0 }],
      target,
    );
    expect(nearly.profileError).toBeLessThan(once.profileError * 1.001);
    expect(nearly.sumAbs).toBeLessThan(once.sumAbs * 10);
    const many = synthesisWeights(evenly(128, [0.05, 0.1]), { gamma: sigmaRelToGamma(0.2), t: 128 });
    expect(many.profileError).toBeLessThan(5e-3);
    expect(sum(many.weights)).toBeCloseTo(1, 9);
  });

  it('does not depend on the unit of time', () => {
    const target = { gamma: sigmaRelToGamma(0.12), t: 8 };
    const inImages = (p: Profile) => ({ gamma: p.gamma, t: p.t * 2 ** 28 });
    const stored = evenly(8, [0.05, 0.1]);
    const a = synthesisWeights(stored, target).weights;
    expect(relativeError(synthesisWeights(stored.map(inImages), inImages(target)).weights, a)).toBeLessThan(1e-10);
  });

  it('says what is wrong', () => {
    expect(() => synthesisWeights([], { gamma: 1, t: 1 })).toThrow(/one or more stored profiles/);
    expect(() => synthesisWeights([{ gamma: 1, t: -1 }], { gamma: 1, t: 1 })).toThrow(RangeError);
    expect(() => synthesisWeights([{ gamma: 1, t: 1 }], { gamma: -1, t: 1 })).toThrow(RangeError);
    expect(() => synthesisWeights([{ gamma: 90, t: 1e6 }], { gamma: 90, t: 1 })).toThrow(
      /overlaps the stored profiles/,
    );
  });
});
