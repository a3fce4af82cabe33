import { karrasSchedule } from '@edm2/sampler';
import { describe, expect, test } from 'vitest';
import { createCuts } from './cuts.js';
import { keyOf, product, type SweepAxes, type SweepPoint } from './point.js';
import type { Measured } from './refine.js';
import { bestOf, searchBest } from './search.js';

const LEVELS = [...karrasSchedule({ steps: 32 })];
const cuts = createCuts(LEVELS);

/** Where the made-up scores are lowest: as in the papers, both lengths differ, and the interval lies in the middle. */
const BOTTOM = { sigmaRel: 0.112, weight: 1.64, guideSigmaRel: 0.17, lo: 9, hi: 21 };

/** A valley of curved sides around the bottom; without guidance all lies above. `mixed` lets main length and weight depend on each other. */
const valley = (point: SweepPoint, mixed = 0): number => {
  const { sigmaRel, guideSigmaRel = 0, weight, interval } = point;
  const { lo, hi } = cuts.of(interval);
  const a = 12 * (sigmaRel - BOTTOM.sigmaRel);
  if (weight === 1) return 3 + a ** 2;
  const b = 1.5 * (weight - BOTTOM.weight);
  return (
    1 +
    Math.expm1(a ** 2) +
    Math.sqrt(1 + b ** 2) -
    1 +
    mixed * a * b +
    (6 * (guideSigmaRel - BOTTOM.guideSigmaRel)) ** 2 +
    ((lo - BOTTOM.lo) / 18) ** 2 +
    ((hi - BOTTOM.hi) / 12) ** 2
  );
};

const AXES: SweepAxes = {
  sigmaRels: [0.05, 0.1, 0.15, 0.2, 0.25],
  guideSigmaRels: [0.1, 0.15, 0.2],
  weights: [1, 1.5, 2, 2.5],
  intervals: [undefined, [0.2, 2]],
};

async function run(
  search: 'grid' | 'lines',
  refine: number,
  axes = AXES,
  score = (point: SweepPoint) => valley(point),
) {
  const calls: SweepPoint[] = [];
  const measured = await searchBest(
    axes,
    async (points): Promise<Measured[]> => {
      calls.push(...points);
      return points.map((point) => ({ point, score: score(point) }));
    },
    { search, refine, levels: LEVELS },
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

describe('cuts', () => {
  test('every cut has an interval that holds just the levels on its side', () => {
    expect(cuts.levels).toBe(32);
    expect(cuts.interval(0, 32)).toBeUndefined();
    expect(cuts.of(undefined)).toEqual({ lo: 0, hi: 32 });
    for (let lo = 0; lo < 32; lo++) expect(cuts.of(cuts.interval(lo, 32))).toEqual({ lo, hi: 32 });
    for (let hi = 1; hi <= 32; hi++) expect(cuts.of(cuts.interval(0, hi))).toEqual({ lo: 0, hi });
    expect(cuts.interval(3, 32)?.[1]).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('search', () => {
  test('a grid measures every combination once and takes the lowest', async () => {
    const { calls, best } = await run('grid', 0);
    expect(calls).toHaveLength(95);
    expect(new Set(calls.map(keyOf)).size).toBe(95);
    expect(best.point).toEqual({ sigmaRel: 0.1, guideSigmaRel: 0.15, weight: 1.5, interval: [0.2, 2] });
  });

  test('lines find the same with a fifth of the evaluations', async () => {
    const { calls, best } = await run('lines', 0);
    expect(best.point).toEqual((await run('grid', 0)).best.point);
    expect(calls.length).toBeLessThanOrEqual(19);
  });
});

describe('refinement', () => {
  test('looks at no length that there can be no average of', async () => {
    const calls: SweepPoint[] = [];
    const seen = async (points: readonly SweepPoint[]): Promise<Measured[]> => {
      calls.push(...points);
      return points.map((point) => ({ point, score: point.sigmaRel }));
    };
    const axes = { ...AXES, guideSigmaRels: [undefined], weights: [1], intervals: [undefined] };
    const options = { search: 'grid', refine: 3, levels: LEVELS } as const;
    await searchBest(axes, seen, options);
    const shortest = () => Math.min(...calls.map(({ sigmaRel }) => sigmaRel));
    expect(shortest()).toBeLessThan(0.03);
    calls.length = 0;
    await searchBest(axes, seen, { ...options, reaches: (name, length) => name !== 'sigmaRel' || length >= 0.03 });
    expect(shortest()).toBeGreaterThanOrEqual(0.03);
    expect(shortest()).toBeLessThan(0.05);
  });

  test('finds both EMA lengths, the weight and both ends of the interval, in 45 evaluations and none twice', async () => {
    const { calls, best } = await run('lines', 5);
    expect(Math.abs(best.point.sigmaRel - BOTTOM.sigmaRel)).toBeLessThan(0.003);
    expect(Math.abs((best.point.guideSigmaRel ?? 0) - BOTTOM.guideSigmaRel)).toBeLessThan(0.003);
    expect(Math.abs(best.point.weight - BOTTOM.weight)).toBeLessThan(0.04);
    expect(cuts.of(best.point.interval)).toEqual({ lo: BOTTOM.lo, hi: BOTTOM.hi });
    expect(new Set(calls.map(keyOf)).size).toBe(calls.length);
    expect(calls.length).toBeLessThanOrEqual(45);
  });

  test('the same where length and weight depend on each other', async () => {
    const { calls, best } = await run('lines', 5, AXES, (point) => valley(point, 0.7));
    expect(best.score).toBeLessThan(1.003);
    expect(calls.length).toBeLessThanOrEqual(52);
  });

  test('goes beyond the values given', async () => {
    const axes: SweepAxes = { ...AXES, sigmaRels: [0.2, 0.25], weights: [2.5, 3], guideSigmaRels: [0.05, 0.07] };
    const { calls, best } = await run('grid', 5, axes);
    expect(best.score).toBeLessThan(1.001);
    expect(calls.length).toBeLessThanOrEqual(58);
  });

  test('noise as of few images leads it no farther than the noise', async () => {
    // A fixed error for each setting, as the same seeds give.
    const noise = (point: SweepPoint) =>
      0.02 * Math.sin([...keyOf(point)].reduce((sum, c) => 31 * sum + c.charCodeAt(0), 7) % 1e4);
    const { calls, best } = await run('lines', 4, AXES, (point) => valley(point) + noise(point));
    expect(valley(best.point)).toBeLessThan(1.04);
    expect(calls.length).toBeLessThanOrEqual(56);
  });

  test('an axis with one value is left alone', async () => {
    const { calls } = await run('grid', 4, { ...AXES, guideSigmaRels: [0.1], intervals: [[0.2, 2]] });
    expect(new Set(calls.map(({ guideSigmaRel }) => guideSigmaRel))).toEqual(new Set([undefined, 0.1]));
    expect(new Set(calls.map(({ interval }) => interval?.join()))).toEqual(new Set([undefined, '0.2,2']));
  });

  test('stops where EMA lengths differ in the fourth decimal only', async () => {
    const axes: SweepAxes = {
      sigmaRels: [0.112, 0.113],
      guideSigmaRels: [undefined],
      weights: [1],
      intervals: [undefined],
    };
    const { calls } = await run('grid', 10, axes);
    expect(calls.map(({ sigmaRel }) => sigmaRel)).toEqual([0.112, 0.113]);
  });

  test('from no guidance, weaker guidance than any measured', async () => {
    const axes: SweepAxes = {
      ...AXES,
      weights: [1, 2],
      sigmaRels: [0.1, 0.112],
      guideSigmaRels: [0.17],
      intervals: [undefined],
    };
    // Guidance of 2 hurts, of 1.3 helps.
    const { best } = await run('grid', 4, axes, ({ weight }) => (weight - 1.3) ** 2 + (weight === 1 ? 0 : 0.01));
    expect(best.point.weight).toBeCloseTo(1.3, 1);
    expect(best.point.guideSigmaRel).toBe(0.17);
  });
});
