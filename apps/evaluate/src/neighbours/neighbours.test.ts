import '@tensorflow/tfjs';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { createRandom } from '@edm2/random';
import { decode, encode } from 'fast-png';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nearestName } from '../commands/neighbours.js';
import { runProgram } from '../program.js';
import { summarise } from './summary.js';

const scratch = process.env['PICTURES_OUT'] ?? mkdtempSync(join(tmpdir(), 'edm2-neighbours-'));
afterAll(() => {
  if (!process.env['PICTURES_OUT']) rmSync(scratch, { recursive: true, force: true });
});
const printed = keepPrinted();
const at = (name: string): string => join(scratch, name);
const SIDE = 8;

/** A blob of its own place and width, and a little noise. */
function image(seed: number, noise = 0): Uint8Array {
  const stream = createRandom(seed).stream('image');
  const [x = 0, y = 0, width = 0] = stream.uniform(3);
  const grain = createRandom(seed)
    .stream('grain')
    .normal(SIDE * SIDE);
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    const distance = Math.hypot((i % SIDE) - 8 * x, Math.floor(i / SIDE) - 8 * y);
    return Math.min(255, Math.max(0, 250 * Math.exp(-((distance / (1 + 2 * width)) ** 2)) + noise * (grain[i] ?? 0)));
  });
}
function put(folder: string, seeds: readonly number[], noise = 0): void {
  mkdirSync(at(folder), { recursive: true });
  for (const [i, seed] of seeds.entries())
    writeFileSync(
      join(at(folder), `${String(i).padStart(3, '0')}.png`),
      encode({ width: SIDE, height: SIDE, channels: 1, depth: 8, data: image(seed, noise) }),
    );
}
const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
beforeAll(() => {
  put('data', range(0, 60));
  put('unseen', range(100, 20));
  // Three copies, one of them with grain, and five that are new.
  put('generated', [7, 30, 200, 201, 202, 203, 204]);
  put('grain', [12], 4);
});

test('copies are at distance 0 of what they copy, and stand first in the picture', async () => {
  const args = ['--images', at('generated'), '--data', at('data'), '--held-out', at('unseen')];
  expect(await runProgram(['neighbours', ...args, '--output', at('n.png'), '--json']), printed.text).toBe(0);
  const found = JSON.parse(printed.text.slice(printed.text.indexOf('{'), printed.text.lastIndexOf('}') + 1));
  expect(found.neighbours[0].training[0]).toEqual({ image: '007.png', distance: 0 });
  expect(found.neighbours[1]).toMatchObject({ training: [{ image: '030.png', distance: 0 }, {}, {}], ratio: 0 });
  expect(found.heldOut.nearer).toBe(2);
  // By hand: root mean square of the pixels' differences.
  const { training } = found.neighbours[4];
  const [mine, theirs] = [image(202), image(Number.parseInt(training[0].image, 10))];
  const squares = Array.from(mine, (value, i) => ((value - (theirs[i] ?? 0)) / 255) ** 2);
  expect(training[0].distance).toBeCloseTo(Math.sqrt(squares.reduce((a, b) => a + b) / squares.length), 6);
  for (let i = 0; i < 60; i++) {
    const other = Array.from(mine, (value, k) => ((value - (image(i)[k] ?? 0)) / 255) ** 2);
    expect(Math.sqrt(other.reduce((a, b) => a + b) / other.length)).toBeGreaterThanOrEqual(training[0].distance - 1e-6);
  }
  const { width, height } = decode(readFileSync(at('n.png')));
  expect(width).toBeGreaterThan(height);
});

test('in words, with a share held out as in training; a copy with grain is still nearer than anything new', async () => {
  const args = ['--images', at('grain'), '--data', at('data'), '--held-out', '0.3', '--seed', '3'];
  expect(await runProgram(['neighbours', ...args, '--output', at('g.png')]), printed.text).toBe(0);
  expect(printed.text).toMatch(/median distance 0\.0\d+ of 1 generated images/);
  expect(printed.text).toMatch(/of 18 held-out images 0\.\d+; ratio 0\.\d\d: /);
  expect(printed.text).toMatch(/1 of 1 generated images are nearer/);
});

test('medians and counts', () => {
  expect(summarise([3, 1, 2, 10], [2, 4, 5])).toEqual({
    images: 4,
    median: 2.5,
    heldOut: { images: 3, median: 4, least: 2, ratio: 0.625, nearer: 1 },
  });
  expect(summarise([3])).toEqual({ images: 1, median: 3 });
});

test.each([
  [['--data', 'x'], /--images: expected a folder or zip of images, got nothing/],
  [['--images', 'data'], /--data: expected a folder or zip of images, got nothing/],
  [['--images', 'data', '--data', 'data', '--output', 'x.jpg'], /--output: expected a file name ending in \.png/],
  [
    ['--images', 'data', '--data', 'data', '--held-out', '1.5'],
    /--held-out: expected a share that leaves images on both sides/,
  ],
])('%j is refused', async (argv, message) => {
  const typed = argv.map((word) => (['data', 'x.jpg'].includes(word) ? at(word) : word));
  const output = argv.includes('--output') ? [] : ['--output', at('never.png')];
  expect(await runProgram(['neighbours', ...typed, ...output])).toBe(2);
  expect(printed.text).toMatch(message);
});

test('each row of training images says what it is', () => {
  expect([0, 1, 2, 3, 10, 20].map(nearestName)).toEqual([
    'nearest trained on',
    '2nd nearest trained on',
    '3rd nearest trained on',
    '4th nearest trained on',
    '11th nearest trained on',
    '21st nearest trained on',
  ]);
});
