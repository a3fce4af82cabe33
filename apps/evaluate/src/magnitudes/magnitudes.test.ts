import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACCENT, INK, MARK } from '@edm2/app-kit/pictures/theme';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from '../program.js';
import { logTicks } from './log-axis.js';
import { spreadLabels } from './spread-labels.js';
import { extremeTensors } from './update-points.js';

const folder = mkdtempSync(join(tmpdir(), 'edm2-magnitudes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Not in the order of their updates, which lie close together at the end; the outermost at first are other ones; t8 was zero. */
const TENSORS = ['t3', 't0', 't7', 't1', 't5', 't2', 't6', 't4', 't8'] as const;
const updateOf = (i: number, at: number): number | null => {
  const rank = Number(TENSORS[at]?.slice(1));
  return rank === 8 ? null : i === 3 ? (100 + rank) / 1e5 : (1 + ((3 * rank) % 8)) / 1e3;
};

const bucket = (i: number) => ({ max: 2 + i, mean: 1 + 0.1 * i });
const line = (i: number) =>
  JSON.stringify({
    nimg: 1000 * i,
    activations: { 'enc 16': bucket(i), 'enc 8': bucket(2 * i), 'dec 8': bucket(3 * i), 'dec 16': bucket(i) },
    weights: { 'enc 16': bucket(0), 'enc 8': bucket(0), 'dec 8': bucket(0), 'dec 16': bucket(0) },
    updates: Object.fromEntries(TENSORS.map((name, at) => [name, updateOf(i, at)])),
  });

test('draws what a run recorded, a cut-off last line left out', async () => {
  writeFileSync(join(folder, 'magnitudes.jsonl'), [1, 2, 3].map((i) => `${line(i)}\n`).join('') + line(4).slice(0, 60));
  expect(await runProgram(['magnitudes', folder])).toBe(0);
  for (const name of ['magnitudes.png', 'magnitudes.svg', 'updates.png', 'updates.svg'])
    expect(existsSync(join(folder, name)), name).toBe(true);
  const [header, ...rows] = readFileSync(join(folder, 'magnitudes.csv'), 'utf8').trim().split('\n');
  expect(header).toBe('nimg,of,over,bucket,value');
  expect(rows).toHaveLength(3 * 2 * 4 * 2);
  expect(rows).toContain('3000,activations,max,dec 8,11');
  const svg = readFileSync(join(folder, 'magnitudes.svg'), 'utf8');
  // Encoder before decoder, high resolutions first.
  const legend = ['enc 16', 'enc 8', 'dec 16', 'dec 8'].map((name) => svg.indexOf(`>${name}<`));
  expect(legend).toEqual([...legend].sort((a, b) => a - b));
  expect(legend[0]).toBeGreaterThan(0);
});

test('names the tensors whose updates are largest and smallest at the end; every one is in the csv', () => {
  const rows = readFileSync(join(folder, 'updates.csv'), 'utf8').trim().split('\n');
  expect(rows).toEqual([
    'nimg,tensor,update',
    ...[1, 2, 3].flatMap((i) => TENSORS.map((name, at) => `${1000 * i},${name},${updateOf(i, at) ?? ''}`)),
  ]);
  const svg = readFileSync(join(folder, 'updates.svg'), 'utf8');
  const labels = [...svg.matchAll(/translate\(\d+,([\d.]+)\)[^>]*>(t\d|median)</g)].map(([, y, name]) => ({
    y: Number(y),
    name,
  }));
  // From top to bottom, in the order of the lines' ends, none over another.
  expect(labels.map(({ name }) => name)).toEqual(['t7', 't6', 't5', 'median', 't2', 't1', 't0']);
  for (const [i, { y }] of labels.entries()) expect(y - (labels[i - 1]?.y ?? -14)).toBeGreaterThanOrEqual(13.99);
  // Each in a colour of its own, largest warm and smallest cool: the outermost in the palette's.
  const colours = new Set(
    [...svg.matchAll(/<path[^>]*stroke="(#[\da-f]{6})"[^>]*stroke-width="(?:1.5|2.6)"/g)].map((m) => m[1]),
  );
  expect(colours.size).toBe(7);
  for (const colour of [MARK, ACCENT, INK]) expect(colours).toContain(colour);
});

test('without recorded updates there is neither chart nor data of them', async () => {
  const { updates, ...rest } = JSON.parse(line(1));
  const other = join(folder, 'none');
  mkdirSync(other);
  writeFileSync(join(other, 'magnitudes.jsonl'), `${JSON.stringify(rest)}\n`);
  expect(updates).toBeDefined();
  expect(await runProgram(['magnitudes', other])).toBe(0);
  expect(readdirSync(other).sort()).toEqual(['magnitudes.csv', 'magnitudes.jsonl', 'magnitudes.png', 'magnitudes.svg']);
});

test('no tensor is both among the largest and the smallest', () => {
  const points = ['a', 'b', 'c'].map((tensor, i) => ({ nimg: 1, tensor, update: 1 + i }));
  expect(extremeTensors(points, 3)).toEqual({ largest: ['c', 'b'], smallest: ['a'] });
  expect(extremeTensors(points.slice(0, 1), 3)).toEqual({ largest: ['a'], smallest: [] });
  expect(extremeTensors(points, 1)).toEqual({ largest: ['c'], smallest: ['a'] });
});

test('labels that would overlap stand around their middle, the others where they belong', () => {
  expect(spreadLabels([10, 100, 100, 102, 200], 14)).toEqual(
    [10, 260 / 3, 302 / 3, 344 / 3, 200].map((y) => expect.closeTo(y, 9)),
  );
});

test('ticks of a logarithmic axis', () => {
  expect(logTicks([0.0015, 0.03])).toEqual([0.002, 0.005, 0.01, 0.02]);
  expect(logTicks([1e-6, 0.5])).toEqual([1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1]);
});

test('a folder without records is wrong usage', async () => {
  expect(await runProgram(['magnitudes', tmpdir()])).toBe(2);
});
