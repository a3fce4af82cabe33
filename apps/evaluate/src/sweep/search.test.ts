import { describe, expect, test } from 'vitest';
import { keyOf, product, type SweepAxes, type SweepPoint } from './point.js';
import { bestOf, type Measured, neighbours, searchBest } from './search.js';

/** A valley with its bottom at σ_rel 0.112, w 1.6, guiding σ_rel 0.17; guidance that is off lies above all of it. */
const valley = ({ sigmaRel, guideSigmaRel = 0, weight, interval }: SweepPoint): number =>
  1 +
  (100 * (sigmaRel - 0.112)) ** 2 +
  (weight === 1 ? 30 : (6 * (weight - 1.6)) ** 2 + (60 * (guideSigmaRel - 0.17)) ** 2 + (interval ? 0 : 2));

const AXES: SweepAxes = {
  sigmaRels: [0.05, 0.1, 0.15, 0.2, 0.25],
  guideSigmaRels: [0.1, 0.15, 0.2],
  weights: [1, 1.5, 2, 2.5],
  intervals: [undefined, [0.2, 2]],
};

async function run(search: 'grid' | 'lines', refine: number, axes = AXES) {
  const calls: SweepPoint[] = [];
  const measured = await searchBest(
    axes,
    async (points): Promise<Measured[]> => {
      calls.push(...points);
      return points.map((point) => ({ point, score: valley(point) }));
    },
    { search, refine },
  );
  return { calls, measured, best: bestOf(measured) };
}

describe('points', () => {
  test('without guidance, what would guide makes no difference', () => {
    expect(keyOf({ sigmaRel: 0.1, weight: 1, guideSigmaRel: 0.2, interval: [0, 1] })).toBe(
      keyOf({ sigmaRel: 0.1, weight: 1 }),
    );
    // 5 lengths: once without guidance, 3 × 3 × 2 with.
    expect(product(AXES)).toHaveLength(5 * (1 + 3 * 3 * 2));
  });
});

describe('search', () => {
  test('a grid measures every combination once and takes the lowest', async () => {
    const { calls, best } = await run('grid', 0);
    expect(calls).toHaveLength(95);
    expect(new Set(calls.map(keyOf)).size).toBe(95);
    expect(best.point).toEqual({ sigmaRel: 0.1, guideSigmaRel: 0.15, weight: 1.5, interval: [0.2, 2] });
  });

  test('lines find the same with a quarter of the evaluations', async () => {
    const { calls, best } = await run('lines', 0);
    expect(best.point).toEqual((await run('grid', 0)).best.point);
    expect(calls.length).toBeLessThan(95 / 4);
  });

  test('refinement closes in on the bottom, with few evaluations and none twice', async () => {
    const { calls, best } = await run('lines', 5);
    expect(valley(best.point)).toBeLessThan(1.05);
    expect(Math.abs(best.point.sigmaRel - 0.112)).toBeLessThan(0.004);
    expect(best.point.weight).toBeCloseTo(1.6, 1);
    expect(calls.length).toBeLessThan(60);
    expect(new Set(calls.map(keyOf)).size).toBe(calls.length);
  });

  test('refinement stops where EMA lengths differ in the fourth decimal only', async () => {
    const axes: SweepAxes = {
      sigmaRels: [0.1, 0.101],
      guideSigmaRels: [undefined],
      weights: [1],
      intervals: [undefined],
    };
    const { calls } = await run('grid', 10, axes);
    expect(calls).toHaveLength(2);
  });

  test('from no guidance, the weakest guidance is halved', () => {
    const measured: SweepPoint[] = [
      { sigmaRel: 0.1, weight: 1 },
      { sigmaRel: 0.1, weight: 2, guideSigmaRel: 0.2 },
      { sigmaRel: 0.1, weight: 1.5, guideSigmaRel: 0.1 },
    ];
    expect(neighbours({ sigmaRel: 0.1, weight: 1 }, measured)).toEqual([
      { sigmaRel: 0.1, weight: 1.25, guideSigmaRel: 0.1 },
    ]);
  });
});
