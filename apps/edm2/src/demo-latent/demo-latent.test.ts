import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { openDataset } from '@edm2/dataset';
import { decode, encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classesOf, shownClasses } from './classes.js';
import { runDemoLatent } from './command.js';
import { listEmoji } from './emoji.js';
import { DIMS, thumbnails } from './features.js';
import { createScorer } from './score.js';
import { runTraining, snapshotAt, type TrainingRequest } from './trainings.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-demo-latent-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (...names: string[]): string => join(scratch, ...names);
const printed = keepPrinted();

/** A disc of one colour on nothing; in the middle half transparent. */
function disc(r: number, g: number, b: number): Uint8Array {
  const data = new Uint8Array(64 * 64 * 4);
  for (let y = 0; y < 64; y++)
    for (let x = 0; x < 64; x++) {
      const far = Math.hypot(x - 31.5, y - 31.5);
      data.set([r, g, b, far > 24 ? 0 : far > 8 ? 255 : 128], (y * 64 + x) * 4);
    }
  return encode({ width: 64, height: 64, channels: 4, depth: 8, data });
}

beforeAll(() => {
  mkdirSync(at('package', 'img', 'twitter', '64'), { recursive: true });
  const entries = Array.from({ length: 14 }, (_, i) => ({
    image: `${i}.png`,
    category: ['Smileys', 'Flags', 'Component'][i < 12 ? i % 2 : 2],
    subcategory: ['face', 'flag', 'skin-tone'][i < 12 ? i % 2 : 2],
    has_img_twitter: i !== 11,
  }));
  for (const [i, { image }] of entries.entries())
    writeFileSync(at('package', 'img', 'twitter', '64', image), disc((i * 70) % 256, (i * 30) % 256, 200));
  writeFileSync(at('package', 'emoji.json'), JSON.stringify([...entries, { image: '../x.png', category: 'Flags' }]));
});

test('the whole way, small; the same command again has nothing to do', async () => {
  const argv = [
    '--smoke',
    '--emoji',
    at('package'),
    '--outdir',
    at('run'),
    '--engine',
    'onnxruntime',
    '--threads',
    '1',
  ];
  expect(await runDemoLatent(argv), printed.text).toBe(0);
  const images = await openDataset(at('run', 'images.zip'));
  expect(images).toMatchObject({ length: 11, resolution: 64, channels: 3, labelDim: 2 });
  expect(images.notes).toMatchObject({ classes: ['flag', 'face'] });
  // The second of the list is the first flag: on white, in the middle a half of it.
  const flag = await images.read(1);
  const pixel = (y: number, x: number) => [...flag.subarray((y * 64 + x) * 3, (y * 64 + x) * 3 + 3)];
  expect([pixel(0, 0), pixel(31, 50), pixel(31, 31)]).toEqual([
    [255, 255, 255],
    [70, 30, 200],
    [162, 142, 227],
  ]);
  expect(images.classOf(1)).toBe(0);
  await images.close();
  const latents = await openDataset(at('run', 'latents.zip'));
  expect(latents).toMatchObject({ length: 11, resolution: 16, channels: 8 });
  await latents.close();
  const scores = JSON.parse(readFileSync(at('run', 'scores.json'), 'utf8'));
  expect(scores.map(({ images: n }: { images: number }) => n)).toEqual([4, 4, 4, 4]);
  for (const { frechet, name } of scores) expect(frechet, name).toBeGreaterThan(0);
  // Two rows of classes, two images of each.
  for (const name of ['real', 'latent-guided', 'latent', 'rgb']) {
    const { width, height } = decode(readFileSync(at('run', `${name}.png`)));
    expect([width, height], name).toEqual([2 * 67 - 3, 2 * 67 - 3]);
  }
  expect(decode(readFileSync(at('run', 'curves.png'))).width).toBe(1000);
  expect(decode(readFileSync(at('run', 'nearest.png'))).width).toBeGreaterThan(64);
  const report = readFileSync(at('run', 'report.md'), 'utf8');
  expect(report).toMatch(/^\| autoencoder \| 80 \| [\d.]+ \| [\d.]+ \|$/m);
  expect(report).toMatch(/on 8 held-out emoji: PSNR [\d.]+ dB from means/);
  expect(report).toContain('CC-BY 4.0');
  expect(report).toContain('Rows of the grids, from above: flag, face.');
  const before = readdirSync(at('run', 'latent')).map((name) => [name, statSync(at('run', 'latent', name)).mtimeMs]);
  expect(await runDemoLatent(argv), printed.text).toBe(0);
  expect(readdirSync(at('run', 'latent')).map((name) => [name, statSync(at('run', 'latent', name)).mtimeMs])).toEqual(
    before,
  );
  expect(await runDemoLatent([...argv, '--seed', '1'])).toBe(2);
  expect(printed.text).toMatch(/--outdir: expected a new folder or this very demonstration's, got .*--seed 0/);
});

test('emoji are those with a picture and a kind of their own', async () => {
  const emoji = await listEmoji(at('package'));
  expect(emoji).toHaveLength(11);
  expect(classesOf(emoji)).toEqual([
    { name: 'flag', category: 'Flags', images: 5 },
    { name: 'face', category: 'Smileys', images: 6 },
  ]);
});

test('of each category the kinds with the most emoji are drawn, of those with enough', () => {
  const classes = [
    ...[3, 9, 5, 7].map((images, i) => ({ name: `a${i}`, category: 'A', images })),
    ...[2, 4].map((images, i) => ({ name: `b${i}`, category: 'B', images })),
  ];
  expect(shownClasses(classes, 2, 4)).toEqual([1, 3, 5]);
  expect(shownClasses(classes, 9, 5)).toEqual([1, 2, 3]);
  expect(() => shownClasses(classes, 2, 10)).toThrow(/expected a kind of at least 10 emoji, got none/);
});

describe('a training in a given time', () => {
  const request = (more: Partial<TrainingRequest>) => {
    const ran: string[] = [];
    const known: number[] = [];
    const whole: TrainingRequest = {
      training: { options: ['--preset', 'x'], batch: 10, duration: 700, share: 0.5 },
      outdir: at('timed'),
      begin: ['train', '--data', 'd'],
      goOn: ['train', '--resume'],
      seconds: 60,
      duration: undefined,
      intervals: { snapshot: 10 },
      run: async (args) => void ran.push(args.join(' ')),
      known: async (duration) => void known.push(duration),
      ...more,
    };
    return { whole, ran, known };
  };

  /** A training's log, a line for each speed, of so many images each. */
  const log = (images: number, ...speeds: number[]): void => {
    mkdirSync(at('timed'), { recursive: true });
    const lines = speeds.map((imagesPerSecond, i) => JSON.stringify({ nimg: images * (i + 1), imagesPerSecond }));
    writeFileSync(at('timed', 'log.jsonl'), `${lines.join('\n')}\n`);
  };

  test('begins, reads its speed, goes on for the rest, and on where the machine was slow at first', async () => {
    const ran: string[] = [];
    const { whole, known } = request({
      async run(args) {
        ran.push(args.join(' '));
        // 60 images in 20 + 10 + 10 s; then more, quicker than was thought.
        if (ran.length === 1) log(20, 1, 2, 2);
        else if (ran.length === 2) log(20, 1, 2, 2, 20);
        else log(20, 1, 2, 2, 20, 4, 4);
      },
    });
    await runTraining(whole);
    // 20 s are left, at 2 a second; then 19 s, at 40 in 11 s.
    expect(known).toEqual([100, 150]);
    expect(ran.map((line) => line.replace(at('timed'), 'X'))).toEqual([
      'train --data d --outdir X --batch 10 --preset x --duration 480 --status 80',
      'train --resume --outdir X --duration 100 --snapshot 10',
      'train --resume --outdir X --duration 150 --snapshot 20',
    ]);
  });

  test('interrupted, goes on for as many as were found', async () => {
    const { whole, ran, known } = request({ duration: 900 });
    log(450, 5);
    await runTraining(whole);
    expect([ran, known]).toEqual([[`train --resume --outdir ${at('timed')} --duration 900 --snapshot 90`], []]);
  });

  test('without a time takes as many as it says', async () => {
    const { whole, ran, known } = request({ seconds: undefined, outdir: at('untimed') });
    await runTraining(whole);
    expect(ran).toEqual([
      `train --data d --outdir ${at('untimed')} --batch 10 --preset x --duration 700 --snapshot 70`,
    ]);
    expect(known).toEqual([700]);
  });

  test('the snapshot that is nearest to a time', async () => {
    for (const name of ['0000001-0.050', '0000001-0.100', '0000003.500-0.100', '0000009-0.100'])
      writeFileSync(at('timed', `network-snapshot-${name}.safetensors`), '');
    const found = await Promise.all([0, 3100, 1e9].map((nimg) => snapshotAt(at('timed'), '0.100', nimg)));
    expect(found.map((path) => path.slice(-25, -12))).toEqual(['0000001-0.100', '003.500-0.100', '0000009-0.100']);
    await expect(snapshotAt(at('timed'), '0.200', 0)).rejects.toThrow(/a snapshot of EMA length 0\.200, got none/);
  });
});

test('thumbnails: colours of the cells, and what changes in them', () => {
  // The left half black, the right half red.
  const image = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i % 3 === 0 && Math.floor(i / 3) % 8 >= 4 ? 255 : 0));
  const features = thumbnails(image, 8);
  expect(features).toHaveLength(DIMS);
  const cell = (y: number, x: number) => [...features.subarray((y * 4 + x) * 4, (y * 4 + x + 1) * 4)];
  expect(cell(0, 0)).toEqual([0, 0, 0, 0]);
  expect(cell(3, 3)).toEqual([1, 0, 0, 0]);
  // Two of its four pixels have an edge on the right, a third of the brightness high; both axes count.
  expect(cell(1, 1)[3]).toBeCloseTo((2 * (1 / 3)) / (2 * 4), 6);
});

test('scores: nothing is nearer than the same images', () => {
  const images = Uint8Array.from({ length: 12 * 192 }, (_, i) => (i * 37 + Math.floor(i / 192) * 91) % 256);
  const score = createScorer(images, 8);
  const same = score('same', images);
  const other = score(
    'other',
    images.map((value) => 255 - value),
  );
  expect(same).toMatchObject({ images: 12, recall: 1, precision: 1 });
  expect(same.frechet).toBeLessThan(1e-6);
  expect(other.frechet).toBeGreaterThan(same.frechet);
});
