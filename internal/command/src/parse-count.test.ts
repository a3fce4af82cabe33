import { expect, test } from 'vitest';
import { formatCount, parseCount } from './parse-count.js';

test.each([
  ['3000', 3000],
  ['96Ki', 98304],
  ['2048Mi', 2147483648],
  ['1.5M', 1500000],
  ['2k', 2000],
  ['2K', 2000],
])('%s is %d images', (text, count) => {
  expect(parseCount('--duration', text)).toBe(count);
});

test.each(['', 'abc', '-3', '3 apples', '1e400', '5mi', '0x10', '2.5'])(
  '%j is refused with the option named',
  (text) => {
    expect(() => parseCount('--duration', text)).toThrow(/--duration: expected a whole number/);
  },
);

test('what is formatted reads back', () => {
  for (const count of [0, 1, 1000, 1024, 98304, 2 ** 31, 3 * 2 ** 20])
    expect(parseCount('n', formatCount(count))).toBe(count);
});
