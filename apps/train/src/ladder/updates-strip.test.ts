import { expect, test } from 'vitest';
import { updateRanges } from './updates-strip.js';

const line = (nimg: number, updates?: Record<string, number | null>) => ({
  nimg,
  activations: {},
  weights: {},
  ...(updates ? { updates } : {}),
});

test('the range of nine in ten weights and the median; what did not move or has no size is left out', () => {
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`w${i}`, (101 - i) / 1000]));
  expect(updateRanges([line(1, { ...many, still: 0, zero: null }), line(2), line(3, { zero: null })])).toEqual([
    { nimg: 1, low: 0.006, median: 0.051, high: 0.096 },
  ]);
});
