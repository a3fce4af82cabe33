import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { encode } from 'fast-png';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runProgram } from '../program.js';
import { checkTrainingData, openTrainingData } from './training-data.js';

let tmp = '';
beforeEach(() => {
  tmp = mkdtempSync(join(tmpdir(), 'edm2-training-data-'));
});
afterEach(() => rmSync(tmp, { recursive: true, force: true }));
const printed = keepPrinted();

const png = (channels: 1 | 3 | 4): Uint8Array =>
  encode({ width: 8, height: 8, channels, depth: 8, data: new Uint8Array(64 * channels).fill(9) });
const put = (name: string, content: Uint8Array | string): void => {
  mkdirSync(dirname(join(tmp, name)), { recursive: true });
  writeFileSync(join(tmp, name), content);
};

test('training says in three lines what the data are and what was decided, and what is unusual', async () => {
  put('set/a.png', png(1));
  put('set/b.png', png(4));
  put('set/c.jp2', '\0\0\0\x0cjP  ');
  put(
    'set/dataset.json',
    JSON.stringify({
      labels: [
        ['a.png', 0],
        ['b.png', 2],
        ['gone.png', 1],
      ],
    }),
  );
  const dataset = await openTrainingData(tmp, {});
  const lines: string[] = [];
  await checkTrainingData(dataset, (line) => lines.push(line));
  await dataset.close();
  expect(lines).toEqual([
    'data: 2 images of 8×8, RGB, in a folder, below set/; 1: transparency dropped (set/b.png); 1: grey read as RGB (set/a.png)',
    'labels: 3 classes from dataset.json; 1 for files that are missing or not read (gone.png)',
    'left out: 1 file: 1 .jp2 (set/c.jp2: a JPEG 2000 image, which is not read)',
    'note: 1 of 3 classes have no image: 1',
  ]);
  expect((await openTrainingData(tmp, { cond: false })).labelDim).toBe(0);
});

test.each([
  ['two splits', { 'train/a.png': png(3), 'val/a.png': png(3) }, /Choose one: --data \S+\/train, or --data \S+\/val\./],
  ['an image beside classes', { 'a.png': png(3), 'x/a.png': png(3) }, /leave labels out: --cond false\./],
  ['a pointer of Git LFS', { 'a.png': 'version https://git-lfs.github.com/spec/v1\n' }, /git lfs pull/],
])('%s: the command names what it has', async (_, tree, message) => {
  for (const [name, content] of Object.entries(tree)) put(name, content);
  expect(await runProgram(['--data', tmp, '--dry-run'])).toBe(1);
  expect(printed.text).toMatch(message);
  // No option of the library, and none that the command lacks.
  expect(printed.text).not.toMatch(/openDataset\(|: (false|true|3)\b|channels/);
});
