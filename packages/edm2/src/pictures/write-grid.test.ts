import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { expect, it } from 'vitest';
import { drawGrid, writeGrid } from './write-grid.js';

it('places each image, enlarged, where its row and column say', () => {
  // Three RGB images of 2×1 (rows × columns); image n has the pixels [n, row, 9].
  const data = Uint8Array.from([0, 1, 2].flatMap((n) => [n, 0, 9, n, 1, 9]));
  const { width, height, channels, data: drawn } = drawGrid({ data, shape: [3, 2, 1, 3] }, { columns: 2, scale: 2 });
  expect([width, height, channels]).toEqual([2 * 2 + 3, 2 * 4 + 3, 3]);
  const at = (x: number, y: number) => [...drawn.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
  expect([at(0, 0), at(1, 1), at(0, 2), at(1, 3)]).toEqual([
    [0, 0, 9],
    [0, 0, 9],
    [0, 1, 9],
    [0, 1, 9],
  ]);
  expect([at(5, 0), at(6, 3)]).toEqual([
    [1, 0, 9],
    [1, 1, 9],
  ]);
  expect([at(0, 7), at(1, 10)]).toEqual([
    [2, 0, 9],
    [2, 1, 9],
  ]);
  for (const [x, y] of [
    [2, 0],
    [4, 3],
    [0, 4],
    [5, 7],
    [6, 10],
  ] as const)
    expect(new Set(at(x, y)).size).toBe(1);
});

it('writes a grey PNG of which each image is about 64 pixels wide', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-grid-'));
  try {
    const path = join(folder, 'deep', 'grid.png');
    await writeGrid(path, { data: new Uint8Array(10 * 256).fill(200), shape: [10, 16, 16, 1] });
    const { width, height, channels, data } = decode(readFileSync(path), { checkCrc: true });
    expect([width, height, channels]).toEqual([4 * 67 - 3, 3 * 67 - 3, 1]);
    expect(data[0]).toBe(200);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it.each([
  [{ data: new Uint8Array(8), shape: [1, 2, 2, 2] }, {}],
  [{ data: new Uint8Array(5), shape: [1, 2, 2, 1] }, {}],
  [{ data: new Uint8Array(4), shape: [1, 2, 2, 1] }, { columns: 0 }],
  [{ data: new Uint8Array(4), shape: [1, 2, 2, 1] }, { scale: 1.5 }],
] as const)('refuses %o', (images, options) => {
  expect(() => drawGrid(images, options)).toThrow(RangeError);
});
