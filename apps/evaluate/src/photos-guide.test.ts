import '@tensorflow/tfjs';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { createRandom } from '@edm2/random';
import { writeSafetensors } from '@edm2/tensor-files';
import { codeBlocks, goldenPath } from '@edm2/test-support';
import { decode } from 'fast-png';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formulaWeights } from '../../../packages/fid/src/formula.fixture.js';
import { runProgram as dataset } from '../../dataset-tool/src/program.js';
import { runProgram as train } from '../../train/src/program.js';
import { runProgram as evaluate } from './program.js';

// The commands of docs/guide/photos.md, as they are written there and in that order, on photographs that the test makes.
const printed = keepPrinted();
const here = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'edm2-photos-'));
afterAll(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true, force: true });
});
/** Programs behind npm's scripts. */
const PROGRAMS: Readonly<Record<string, (argv: readonly string[]) => Promise<number>>> = {
  'npm run dataset --': dataset,
  'npm start --': train,
  'npm run evaluate --': evaluate,
};
/** What makes them short: less of the same, and one engine. */
const SHORTER: readonly (readonly [command: RegExp, words: readonly string[]])[] = [
  [
    /^npm start/,
    [
      '--duration',
      '160',
      '--batch',
      '16',
      '--preview',
      '160',
      '--channels',
      '8',
      '--engine',
      'onnxruntime',
      '--threads',
      '1',
    ],
  ],
  [/generate/, ['--steps', '3', '--engine', 'onnxruntime', '--threads', '1']],
  [/metrics gen/, ['--steps', '3', '--engine', 'onnxruntime', '--threads', '1']],
];
const PHOTOS = 40;

/** A photograph: light, shapes and grain, of its own size and in a format of its own. */
async function photo(i: number): Promise<void> {
  const [width, height] = [90 + ((i * 37) % 60), 80 + ((i * 53) % 70)];
  const stream = createRandom(i).stream('photo');
  const [x = 0, y = 0, red = 0, green = 0, blue = 0] = stream.uniform(5);
  const grain = createRandom(i)
    .stream('grain')
    .normal(width * height);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const [pixel, c] = [Math.floor(at / 3), at % 3];
    const distance = Math.hypot((pixel % width) / width - x, Math.floor(pixel / width) / height - y);
    const light =
      60 +
      150 * Math.exp(-((distance / 0.4) ** 2)) * ([red, green, blue][c] ?? 0) +
      30 * (1 - Math.floor(pixel / width) / height);
    return Math.max(0, Math.min(255, light + 4 * (grain[pixel] ?? 0)));
  });
  const kind = ['jpg', 'png', 'webp', 'jpg'][i % 4] as string;
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  // A camera held upright says so with a tag.
  if (i % 4 === 3) picture.withMetadata({ orientation: 6 });
  await picture.toFile(join(folder, 'photos', i % 2 ? 'cats' : 'dogs', `IMG_${i}.${kind}`));
}

beforeAll(async () => {
  for (const name of ['cats', 'dogs']) mkdirSync(join(folder, 'photos', name), { recursive: true });
  for (let i = 0; i < PHOTOS; i++) await photo(i);
  // Inception's keys and shapes, of numbers by a formula: what they are worth is another matter.
  const keys = JSON.parse(readFileSync(goldenPath('inception-keys.json'), 'utf8'));
  await writeSafetensors(join(folder, 'inception.safetensors'), formulaWeights(keys), { network: 'inception' });
  process.chdir(folder);
});

/** Lines of a guide's blocks of commands. */
const linesOf = async (guide: string): Promise<string[]> =>
  (await codeBlocks(new URL(`../../../docs/guide/${guide}.md`, import.meta.url), ['sh']))
    .flatMap((block) => block.split('\n'))
    .map((line) => line.replace(/\s#.*$/, '').trim())
    .filter((line) => line !== '');

/** Runs a line of a guide, with what makes it short after it. */
async function run(line: string, ...more: string[]): Promise<void> {
  const script = Object.keys(PROGRAMS).find((start) => line.startsWith(`${start} `));
  expect(script, line).toBeDefined();
  const words = line.slice(script?.length).trim().split(/\s+/);
  const shorter = SHORTER.filter(([command]) => command.test(line)).flatMap(([, added]) => added);
  printed.text = '';
  const argv = [...words, ...shorter, ...more];
  expect(await PROGRAMS[script ?? '']?.(argv), `${line}\n${printed.text}`).toBe(0);
}

test('from photographs to a scored grid, and a look at the data', async () => {
  const lines = await linesOf('photos');
  expect(lines).toHaveLength(7);
  const [convert, start, grid, score, stats, verify, split] = lines as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  await run(convert);
  expect(printed.text).toMatch(/40 images of 64×64, RGB → photos\.zip/);
  expect(printed.text).toMatch(/10: turned upright by the orientation tag/);
  expect(printed.text).toMatch(/labels: by folder: cats, dogs/);
  await run(start);
  expect(printed.text).toMatch(/trained on: 36 images; held out: 4/);
  await run(grid);
  const { width, height } = decode(readFileSync('photos.png'));
  expect(width * height).toBeGreaterThanOrEqual(64 * 64 ** 2);
  await run(score, '--num', '12');
  expect(printed.text).toMatch(/Fréchet|FID/);
  await run(stats);
  expect(readdirSync('photos-stats')).toContain('stats.html');
  await run(verify);
  await run(split);
  expect(existsSync('train.zip') && existsSync('test.zip')).toBe(true);
});

test('the second command alone, on the photographs themselves', async () => {
  const text = readFileSync(new URL('../../../docs/guide/photos.md', import.meta.url), 'utf8');
  const [, line = ''] = /`(npm start -- --data photos --resolution 64)`/.exec(text) ?? [];
  await run(line, '--preset', 'small-2000', '--outdir', join('runs', 'alone'));
  expect(printed.text).toMatch(/40 images are cropped in the middle and resized to 64×64 → runs.alone.cache/);
  expect(readdirSync(join('runs', 'alone')).some((name) => name.endsWith('.safetensors'))).toBe(true);
  // The same photographs elsewhere are the same data.
  cpSync('photos', 'moved', { recursive: true });
  await run(line.replace('photos', 'moved'), '--preset', 'small-2000', '--outdir', join('runs', 'alone'), '--dry-run');
  expect(printed.text).toMatch(/was made before/);
});
