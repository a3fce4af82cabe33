import { createStatistics, frechetDistance } from '@edm2/fid';
import { expect, test } from 'vitest';

test('every public name does what the reference says', () => {
  const [a, b, all] = [createStatistics(2), createStatistics(2), createStatistics(2)];
  const rows = [
    [0, 1],
    [2, 0],
    [1, 3],
    [4, 1],
  ];
  a.add(rows.slice(0, 2));
  b.add(rows.slice(2));
  all.add(rows);
  a.merge(b);
  const { mu, sigma, n } = a.result();
  expect(n).toBe(4);
  expect([...mu]).toEqual([1.75, 1.25]);
  expect(sigma).toHaveLength(4);
  expect(frechetDistance(a.result(), all.result())).toBeCloseTo(0, 9);
  expect(frechetDistance(a.result(), b.result())).toBeGreaterThan(0);
});
