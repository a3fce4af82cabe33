import '@tensorflow/tfjs';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { openDataset } from '@edm2/dataset';
import { goldenPath } from '@edm2/test-support';
import { decode, encode } from 'fast-png';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from '../program.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-images-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (...names: string[]): string => join(scratch, ...names);
const printed = keepPrinted();

/** Twelve images in three classes: values of class c are 10·c and 10·c + 4, in equal parts. */
const counts = { ant: 6, bee: 4, cow: 2 };
for (const [c, [name, count]] of Object.entries(counts).entries())
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, k) => 10 * c + (k % 2 ? 4 : 0));
    mkdirSync(dirname(at('set', name, `${i}.png`)), { recursive: true });
    writeFileSync(at('set', name, `${i}.png`), encode({ width: 8, height: 8, channels: 3, depth: 8, data }));
  }

test('split holds the same share of each class out, and both parts keep all classes', async () => {
  const argv = ['split', '--source', at('set'), '--dest', at('train.zip'), '--held-out', at('held'), '--images'];
  expect(await runProgram([...argv, '50%']), printed.text).toBe(0);
  expect(printed.text).toMatch(/6 images → .*train\.zip; 6 held out → /);
  const [train, held] = [await openDataset(at('train.zip')), await openDataset(at('held'))];
  for (const part of [train, held]) {
    expect(part).toMatchObject({ length: 6, labelDim: 3, classNames: ['ant', 'bee', 'cow'] });
    const classes = Array.from({ length: 6 }, (_, i) => part.classOf(i));
    expect(classes).toEqual([0, 0, 0, 1, 1, 2]);
    for (let i = 0; i < 6; i++) expect((await part.read(i))[0]).toBe(10 * part.classOf(i));
    await part.close();
  }
  printed.text = '';
  expect(await runProgram(argv.map((arg) => arg.replace(/train\.zip|held$/, 'other')).concat('12'))).toBe(2);
  expect(printed.text).toMatch(/expected another place|fewer than the 12 images/);
});

test('split keeps latents, and what is noted of them', async () => {
  const argv = [
    'split',
    '--source',
    goldenPath('dataset-tiny-sd.zip'),
    '--dest',
    at('a.zip'),
    '--held-out',
    at('b.zip'),
    '--images',
    '2',
  ];
  expect(await runProgram(argv), printed.text).toBe(0);
  const [whole, rest, out] = await Promise.all(
    [goldenPath('dataset-tiny-sd.zip'), at('a.zip'), at('b.zip')].map((path) => openDataset(path)),
  );
  const all: string[] = [];
  for (const part of [rest, out]) for (let i = 0; i < (part?.length ?? 0); i++) all.push(String(await part?.read(i)));
  const expected: string[] = [];
  for (let i = 0; i < 5; i++) expected.push(String(await whole?.read(i)));
  expect(all.sort()).toEqual(expected.sort());
  expect([rest?.length, out?.length, rest?.dtype]).toEqual([3, 2, 'float32']);
  await Promise.all([whole, rest, out].map((each) => each?.close()));
});

test('stats measures images, and writes a page with a contact sheet', async () => {
  expect(await runProgram(['stats', at('set'), '--outdir', at('stats')]), printed.text).toBe(0);
  const mean = (6 * 2 + 4 * 12 + 2 * 22) / 12;
  expect(printed.text).toContain(`red      mean ${mean.toFixed(2).padStart(6)}`);
  expect(printed.text).toContain('images of each class: ant 6, bee 4, cow 2');
  const stats = JSON.parse(readFileSync(at('stats', 'stats.json'), 'utf8'));
  // Values are ±2 around the classes' 2, 12 and 22.
  const variance = 4 + (6 * (2 - mean) ** 2 + 4 * (12 - mean) ** 2 + 2 * (22 - mean) ** 2) / 12;
  expect(stats.deviation[1]).toBeCloseTo(Math.sqrt(variance), 9);
  expect(stats.sigmaData).toBeCloseTo(Math.sqrt(variance) / 127.5, 9);
  expect(stats.black).toBeCloseTo(3 / 12, 9);
  const sheet = decode(readFileSync(at('stats', 'sheet.png')));
  expect(sheet.width).toBeGreaterThan(12 * 64);
  expect(readFileSync(at('stats', 'stats.html'), 'utf8')).toMatch(/<th>cow<span class="bar" style="width: 33\.3%">/);
});

test('verify passes what is intact and names what is not', async () => {
  expect(await runProgram(['verify', at('set')]), printed.text).toBe(0);
  expect(printed.text).toMatch(/every file is intact/);
  printed.text = '';
  writeFileSync(at('set', 'cow', 'x.png'), readFileSync(at('set', 'cow', '0.png')).subarray(0, 50));
  expect(await runProgram(['verify', at('set')])).toBe(1);
  expect(printed.text).toMatch(/cow\/x\.png/);
  rmSync(at('set', 'cow', 'x.png'));
});

test('convert: a dry run writes nothing, labels come from a table, what is passed over is counted', async () => {
  writeFileSync(
    at('labels.csv'),
    `file,label\n${['ant/0', 'ant/1', 'bee/0'].map((name, i) => `${name},${i}\n`).join('')}`,
  );
  mkdirSync(at('few/ant'), { recursive: true });
  mkdirSync(at('few/bee'), { recursive: true });
  for (const name of ['ant/0', 'ant/1', 'bee/0'])
    writeFileSync(at('few', `${name}.png`), readFileSync(at('set', `${name}.png`)));
  const argv = [
    'convert',
    '--source',
    at('few'),
    '--dest',
    at('few.zip'),
    '--transform',
    'center-crop',
    '--resolution',
    '4',
    '--labels',
    at('labels.csv'),
  ];
  expect(await runProgram([...argv, '--dry-run']), printed.text).toBe(0);
  expect(printed.text).toMatch(/3 images of 4×4, RGB would be written/);
  expect(existsSync(at('few.zip'))).toBe(false);
  expect(await runProgram([...argv, '--drop-duplicates']), printed.text).toBe(0);
  expect(printed.text).toMatch(/passed over 1: nearly the same as an earlier one, such as ant\/1\.png/);
  const dataset = await openDataset(at('few.zip'));
  expect([dataset.classOf(0), dataset.classOf(1), dataset.length]).toEqual([0, 2, 2]);
  await dataset.close();
  expect(await runProgram(['convert', '--source', at('few'), '--resolution', '4x'])).toBe(2);
  expect(await runProgram(['convert', '--source', at('few'), '--dest', at('x'), '--resolution', '6'])).toBe(2);
  expect(printed.text).toMatch(/--resolution: expected a power of two wide, .*got 6×6/);
});
