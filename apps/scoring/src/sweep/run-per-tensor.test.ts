import { expect, test } from 'vitest';
import { spreadOf } from '../scores/spread.js';
import { keyOf, type SweepPoint } from './point.js';
import type { ScoreKind, SweepResult } from './result.js';
import { bestOfCurve, type PerTensorOptions, runPerTensor } from './run-per-tensor.js';

const KIND: ScoreKind = { key: 'fd', title: 'FD', better: 'lower' };

/** All tensors are best at 0.13, some at 0.06 while the rest is what it is. */
const valley = ({ sigmaRel, own }: SweepPoint): number =>
  1 + (10 * (sigmaRel - 0.13)) ** 2 + (own ? (5 * (own.sigmaRel - 0.06)) ** 2 : (5 * (sigmaRel - 0.06)) ** 2);

async function run(options: Partial<PerTensorOptions> = {}, known: readonly SweepPoint[] = []) {
  const asked: SweepPoint[] = [];
  const found = await runPerTensor({
    patterns: ['a*', 'b'],
    lengths: [0.2, 0.05, 0.1],
    guidance: { weight: 1 },
    score: KIND,
    known: () => [...known],
    async measure(points) {
      asked.push(...points);
      return points.map((point): SweepResult => {
        const score = spreadOf([valley(point)]);
        return { point, score, figures: { fd: score }, n: 10 };
      });
    },
    ...options,
  });
  return { asked, found };
}

test('the others stay at the best of the lengths that all share, those known from a sweep before among them', async () => {
  const { found } = await run();
  expect([found.others, found.chosenFrom]).toEqual([0.1, 3]);
  const known: SweepPoint[] = [
    { sigmaRel: 0.12, weight: 1 },
    // Neither another guidance nor another sweep of tensors counts.
    { sigmaRel: 0.115, weight: 2, guideSigmaRel: 0.1 },
    { sigmaRel: 0.125, weight: 1, own: { tensors: 'a*', sigmaRel: 0.06 } },
  ];
  const after = await run({}, known);
  expect([after.found.others, after.found.chosenFrom]).toEqual([0.12, 4]);
  expect(after.found.curves[0]?.points.map(({ sigmaRel }) => sigmaRel)).toEqual([0.05, 0.1, 0.12, 0.2]);
  expect((await run({ others: 0.17 }, known)).found).toMatchObject({ others: 0.17, chosenFrom: 0 });
});

test('a curve for each pattern varies its tensors alone, and meets the others at the others’ length', async () => {
  const { asked, found } = await run();
  const [global, a, b] = found.curves;
  expect([global?.pattern, a?.pattern, b?.pattern]).toEqual([undefined, 'a*', 'b']);
  for (const curve of [a, b]) {
    expect(curve?.points.map(({ sigmaRel }) => sigmaRel)).toEqual([0.05, 0.1, 0.2]);
    for (const { sigmaRel, result } of curve?.points ?? []) {
      expect(result.point.sigmaRel).toBe(0.1);
      expect(result.point.own).toEqual(sigmaRel === 0.1 ? undefined : { tensors: curve?.pattern, sigmaRel });
    }
    expect(curve && bestOfCurve(curve, KIND)?.sigmaRel).toBe(0.05);
  }
  // Where they meet it is one network, with one record.
  expect(new Set(asked.map(keyOf)).size).toBe(3 + 2 + 2);
  expect(keyOf({ sigmaRel: 0.1, weight: 1 })).toBe('0.1|-|1|all');
});

test('where more is better, the best is the highest', async () => {
  const { found } = await run({ score: { ...KIND, better: 'higher' } });
  expect(found.others).toBe(0.2);
});
