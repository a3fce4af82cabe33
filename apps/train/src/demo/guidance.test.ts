import { expect, test } from 'vitest';
import { guideTime } from './guidance.js';

test('the stored time nearest to a third', () => {
  const every16th = Array.from({ length: 16 }, (_, i) => (i + 1) * 3750);
  expect(guideTime(every16th, 60_000)).toBe(18_750);
  expect(guideTime([30_000, 60_000], 60_000)).toBe(30_000);
});
