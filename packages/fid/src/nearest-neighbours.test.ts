import { nearestNeighbours } from '@edm2/fid';
import { expect, test } from 'vitest';

test('nearest rows, their order and distances are those of a search of all pairs', () => {
  const dims = 5;
  const values = (seed: number): Float64Array =>
    Float64Array.from({ length: 300 * dims }, (_, i) => Math.sin(seed + 12.9898 * i * i));
  const [set, others] = [values(1), values(2)];
  const { rows, distances } = nearestNeighbours(set.subarray(0, 40 * dims), others, { k: 3, dims });
  for (let i = 0; i < 40; i++) {
    const all = Array.from({ length: 300 }, (_, j) => ({
      j,
      d: Math.hypot(...Array.from({ length: dims }, (_, c) => (set[i * dims + c] ?? 0) - (others[j * dims + c] ?? 0))),
    })).sort((a, b) => a.d - b.d);
    expect([...rows.subarray(3 * i, 3 * i + 3)]).toEqual(all.slice(0, 3).map(({ j }) => j));
    for (const n of [0, 1, 2]) expect(distances[3 * i + n]).toBeCloseTo(all[n]?.d ?? 0, 12);
  }
});

test('a copy is at distance 0, far from the origin too; what cannot be searched is refused', () => {
  const rows = [
    [1e7, 1],
    [1e7, 3],
    [1e7, 2],
  ];
  expect(nearestNeighbours([[1e7, 2]], rows, { k: 2 })).toEqual({
    rows: Int32Array.of(2, 0),
    distances: Float64Array.of(0, 1),
  });
  expect(() => nearestNeighbours(rows, rows, { k: 4 })).toThrow(/expected k up to the 3 rows that there are, got 4/);
  expect(() => nearestNeighbours(rows, rows, { k: 0 })).toThrow(/expected k of at least 1, got 0/);
});
