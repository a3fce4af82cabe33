import '@tensorflow/tfjs';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { parseJsonLines } from '@edm2/app-kit/files/json-lines';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from '../program.js';
import { openDigits, type SmallResult } from './run-one.js';
import { RUNS, type SmallRun } from './runs.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-small-data-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const printed = keepPrinted();

test('a row is trained, measured and scored once; the same command goes on with the next', async () => {
  const args = ['small-data', '--smoke', '--images', '64', '--most', '1', '--only', '500-', '--outdir', scratch];
  const run = () => runProgram([...args, '--engine', 'onnxruntime', '--threads', '1']);
  const lines = (): SmallResult[] => parseJsonLines(readFileSync(join(scratch, 'results.jsonl'), 'utf8'));
  expect(await run(), printed.text).toBe(0);
  const config = join(scratch, '500-basis', 'config.json');
  const { mtimeMs } = statSync(config);
  expect(await run(), printed.text).toBe(0);
  expect(lines().map(({ name }) => name)).toEqual(['500-basis', '500-augment-0.12']);
  expect(statSync(config).mtimeMs).toBe(mtimeMs);

  const stored = JSON.parse(readFileSync(config, 'utf8'));
  // 500 images are trained on, and 128 others measured.
  expect(stored.validation).toBeCloseTo(128 / 628, 12);
  const [basis, augmented] = lines();
  for (const row of [basis, augmented]) {
    expect(row?.scores.map(({ sigmaRel }) => sigmaRel)).toEqual([0.05, 0.1, 0.2]);
    for (const value of [row?.last.heldOut, row?.last.training, row?.scores[0]?.frechet])
      expect(value).toBeGreaterThan(0);
  }
  expect((augmented?.parameters ?? 0) - (basis?.parameters ?? 0)).toBe(9 * 32);
  expect(readFileSync(join(scratch, 'table.md'), 'utf8')).toMatch(
    /\| 500 \| 64 \| – \|[^\n]+\n\| 500 \| 64 \| augment 0\.12 \|/,
  );
});

test('a row with x-flips has every digit and its mirror image, of the same digits', async () => {
  const row = (name: string): SmallRun => RUNS.find((each) => each.name === name) as SmallRun;
  const [plain, mirrored] = await Promise.all(['500-basis', '500-xflip'].map((name) => openDigits(row(name), 0)));
  expect([plain?.length, plain?.sourceLength, mirrored?.length, mirrored?.sourceLength]).toEqual([628, 628, 1256, 628]);
  expect(await mirrored?.read(5)).toEqual(await plain?.read(5));
  expect(await mirrored?.read(628 + 5)).not.toEqual(await plain?.read(5));
  await Promise.all([plain?.close(), mirrored?.close()]);
});

test('every row has a name of its own, and a change of its own', () => {
  expect(new Set(RUNS.map(({ name }) => name)).size).toBe(RUNS.length);
  expect(new Set(RUNS.map(({ size, change }) => JSON.stringify([size, change]))).size).toBe(RUNS.length);
});
