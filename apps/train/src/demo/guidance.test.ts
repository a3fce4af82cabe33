import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { GUIDANCE, guideTime } from './guidance.js';

test('the main job guides as the page of decisions says: weight 1.5, by the average at a third of the training', () => {
  const page = readFileSync(new URL('../../../../docs/decisions.md', import.meta.url), 'utf8');
  const [, weight] = /average at a third of the training \(autoguidance, weight ([\d.]+)\)/.exec(page) ?? [];
  expect(GUIDANCE).toEqual({ weight: 1.5, share: 1 / 3, sigmaRel: 0.1 });
  expect(GUIDANCE.weight).toBe(Number(weight));
});

test('the stored time nearest to a third', () => {
  const every16th = Array.from({ length: 16 }, (_, i) => (i + 1) * 3750);
  expect(guideTime(every16th, 60_000)).toBe(18_750);
  expect(guideTime([30_000, 60_000], 60_000)).toBe(30_000);
});
