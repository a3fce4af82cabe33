import '@tensorflow/tfjs';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { openDataset } from '@edm2/dataset';
import { goldenPath, readGolden } from '@edm2/test-support';
import { encode as encodePng } from 'fast-png';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from '../program.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-convert-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (...names: string[]): string => join(scratch, ...names);
const printed = keepPrinted();

const golden = readGolden('dataset-tiny');
const SOURCES = ['ant/pic0.png', 'ant/pic1.png', 'cat/pic0.png', 'cat/pic1.png', 'zebra/pic0.png'];
for (const [i, name] of SOURCES.entries()) {
  const { shape, data } = golden.get(`source.${i}`);
  const [, height = 0, width = 0] = shape;
  const pixels = Uint8Array.from(data, (_, k) => data[(k % 3) * width * height + Math.floor(k / 3)] as number);
  mkdirSync(at('photos', name.slice(0, name.indexOf('/'))), { recursive: true });
  writeFileSync(at('photos', name), encodePng({ width, height, channels: 3, depth: 8, data: pixels }));
}

test('writes the pixels, names and labels of the published tool', async () => {
  const dest = at('tiny.zip');
  const argv = [
    'convert',
    '--source',
    at('photos'),
    '--dest',
    dest,
    '--transform',
    'center-crop-dhariwal',
    '--resolution',
    '64x64',
  ];
  expect(await runProgram(argv), printed.text).toBe(0);
  const [ours, theirs] = [await openDataset(dest), await openDataset(goldenPath('dataset-tiny-rgb.zip'))];
  expect(ours).toMatchObject({ length: 5, resolution: 64, channels: 3, labelDim: 3 });
  for (let i = 0; i < 5; i++) {
    expect(ours.name(i)).toBe(theirs.name(i));
    expect(ours.classOf(i)).toBe(theirs.classOf(i));
    expect(Buffer.from((await ours.read(i)).buffer).equals(Buffer.from((await theirs.read(i)).buffer))).toBe(true);
  }
  // As long as theirs, file by file: 64·(64·3 + 1) bytes and the same chunks around them.
  expect(readFileSync(dest).length).toBeGreaterThan(5 * 12420);
  await Promise.all([ours.close(), theirs.close()]);
});
