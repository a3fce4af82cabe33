import { planSnapshots, sigmaRelToGamma, synthesisWeights, USEFUL_SIGMA_RELS } from '@edm2/phema';
import { describe, expect, it } from 'vitest';

describe('planSnapshots', () => {
  it('predicts what synthesis later reports', () => {
    const plan = planSnapshots({ duration: 1000, snapshots: 8, parameters: 280e6 });
    const stored = Array.from({ length: 8 }, (_, i) => (i + 1) * 125).flatMap((t) =>
      [0.05, 0.1].map((s) => ({ t, gamma: sigmaRelToGamma(s) })),
    );
    expect(plan.rows.map((row) => row.sigmaRel)).toEqual(USEFUL_SIGMA_RELS);
    for (const row of plan.rows)
      expect(row.profileError).toBe(
        synthesisWeights(stored, { gamma: sigmaRelToGamma(row.sigmaRel), t: 1000 }).profileError,
      );
    expect(plan.files).toBe(16);
    expect(plan.bytes).toBe(16 * 280e6 * 2);
  });

  it('knows an earlier moment only from what was stored by then', () => {
    const early = planSnapshots({ duration: 1000, snapshots: 8, t: 500, targets: [0.15] });
    const short = planSnapshots({ duration: 500, snapshots: 4, targets: [0.15] });
    expect(early.rows[0]?.profileError).toBeCloseTo(short.rows[0]?.profileError ?? 0, 12);
  });

  it.each([
    [{ duration: 0, snapshots: 1 }],
    [{ duration: 1, snapshots: 0 }],
    [{ duration: 1, snapshots: 1.5 }],
    [{ duration: 1, snapshots: 2, t: 2 }],
    [{ duration: 1, snapshots: 2, t: 0.1 }],
    [{ duration: 1, snapshots: 2, sigmaRels: [0.3] }],
  ])('refuses %o', (options) => {
    expect(() => planSnapshots(options)).toThrow(RangeError);
  });
});
