import { createRandom } from '@edm2/random';
import { expect, test } from 'vitest';

test('every public name does what the reference says', () => {
  const stream = createRandom(7).stream('noise', 3);
  expect(stream.normal(4)).toBeInstanceOf(Float32Array);
  expect(stream.uniform(4).every((u) => u >= 0 && u < 1)).toBe(true);
  expect(stream.integers(9, 5).every((i) => i >= 0 && i < 5)).toBe(true);
  expect([...stream.permutation(5)].sort()).toEqual([0, 1, 2, 3, 4]);
});
