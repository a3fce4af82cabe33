import { InvalidArgumentError } from 'commander';
import { describe, expect, test } from 'vitest';
import { factors, letters, natural, sides } from './parsers.js';

test.each<[string, string[]]>([
  ['G', ['G']],
  ['g,C', ['C', 'G']],
  ['A, B', ['A', 'B']],
])('configs %s, in the order of the ladder', (text, expected) => expect(letters(text)).toEqual(expected));

test.each<[string, object]>([
  ['C=5', { C: 5 }],
  ['C=5,G=0.3', { C: 5, G: 0.3 }],
  ['a=1e2, b=2', { A: 100, B: 2 }],
])('factors %s', (text, expected) => expect(factors(text)).toEqual(expected));

test.each([
  '',
  'C',
  'C=',
  'C= ',
  '=5',
  'H=5',
  'CC=5',
  'C=x',
  'C=-1',
  'C=NaN',
  'C=5,',
  'C=5=6',
  'C=3,C=3',
  'C=Infinity',
])('factors %j are refused', (text) => expect(() => factors(text)).toThrow(InvalidArgumentError));

describe('sides of images', () => {
  test.each<[string, number[]]>([
    ['none', []],
    ['8', [8]],
    ['8,16, 4', [16, 8, 4]],
  ])('%s', (text, expected) => expect(sides(text)).toEqual(expected));

  test.each(['', '8,', '0', '-8', '8.5', '8,8', 'none,8', '8-16', '1e9', '99999999'])('%j is refused', (text) =>
    expect(() => sides(text)).toThrow(/^Expected sides of images, each once, such as 16,8, or none\.$/),
  );
});

test('whole numbers from 0 on', () => {
  expect([natural('0'), natural('12')]).toEqual([0, 12]);
  for (const text of ['', ' ', '-1', '0.5', 'x', '1e99', 'Infinity'])
    expect(() => natural(text), text).toThrow('Expected a whole number of at least 0.');
});
