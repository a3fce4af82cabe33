import { describe, expect, test } from 'vitest';
import { parseNumbers, parseRanges } from './lists.js';

describe('ranges of whole numbers', () => {
  test.each<[string, number[]]>([
    ['5', [5]],
    ['0-3,100', [0, 1, 2, 3, 100]],
    ['9,2-4', [9, 2, 3, 4]],
  ])('%s', (text, values) => expect(parseRanges('--seeds', text)).toEqual(values));

  test.each(['', 'a', '3-1', '1,,2', '-3', '1.5', '0-3,2', '0-99999999999'])('%j is refused', (text) => {
    expect(() => parseRanges('--seeds', text)).toThrow(/--seeds: expected/);
  });
});

describe('numbers with a step', () => {
  test.each<[string, number[]]>([
    ['1.4', [1.4]],
    ['0.05,0.10,...,0.30', [0.05, 0.1, 0.15, 0.2, 0.25, 0.3]],
    ['1,1.5,...,2.8', [1, 1.5, 2, 2.5, 2.8]],
  ])('%s', (text, values) => expect(parseNumbers('--guidance', text)).toEqual(values));

  test.each(['', '1,', '...,2', '1,...,2', '2,1,...,5', '1,1', 'x'])('%j is refused', (text) => {
    expect(() => parseNumbers('--guidance', text)).toThrow(/--guidance: expected/);
  });
});
