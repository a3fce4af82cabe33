import { expect, test } from 'vitest';
import { prose } from './prose.js';

test('lines of the template are one; those of a value stay', () => {
  const value = 'two\n  lines';
  expect(prose`
    A sentence
    over lines, ${1}
    and ${value}.
  `).toBe('A sentence over lines, 1 and two\n  lines.');
  expect(prose`${'x'}`).toBe('x');
});
