import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from '../program.js';

const folder = mkdtempSync(join(tmpdir(), 'edm2-magnitudes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bucket = (i: number) => ({ max: 2 + i, mean: 1 + 0.1 * i });
const line = (i: number) =>
  JSON.stringify({
    nimg: 1000 * i,
    activations: { 'enc 16': bucket(i), 'enc 8': bucket(2 * i), 'dec 8': bucket(3 * i), 'dec 16': bucket(i) },
    weights: { 'enc 16': bucket(0), 'enc 8': bucket(0), 'dec 8': bucket(0), 'dec 16': bucket(0) },
    updates: { a: 0.1 / i, b: null },
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

test('a folder without records is wrong usage', async () => {
  expect(await runProgram(['magnitudes', tmpdir()])).toBe(2);
});
