import '@tensorflow/tfjs';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { createLatentCodec, createLatentNormalizer } from '@edm2/latent-vae';
import { hashAutoencoder, loadAutoencoder, loadRawStatistics } from '@edm2/latent-vae/node';
import * as tf from '@tensorflow/tfjs-core';
import { decode, encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../program.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-vae-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (...names: string[]): string => join(scratch, ...names);
const printed = keepPrinted();

const SIDE = 16;
/** A coloured square on white, somewhere. */
function square(i: number): Uint8Array {
  const data = new Uint8Array(SIDE * SIDE * 3).fill(255);
  const [left, top] = [(i * 5) % 9, (i * 3) % 9];
  for (let y = 0; y < 7; y++)
    for (let x = 0; x < 7; x++)
      data.set([(i * 40) % 256, (i * 90) % 256, (i * 150) % 256], ((top + y) * SIDE + left + x) * 3);
  return data;
}

const data = at('images');
const NET = ['--channels', '8,8', '--batch', '8', '--engine', 'onnxruntime', '--threads', '1', '--lr', '3e-3'];
const TICKS = ['--duration', '480', '--status', '40', '--checkpoint', '160', '--preview', '240'];
const train = (outdir: string, ...more: string[]) =>
  runProgram(['vae', '--data', data, '--outdir', outdir, ...NET, ...TICKS, ...more]);
const lines = (...path: string[]): Record<string, number>[] =>
  readFileSync(at(...path), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  mkdirSync(data);
  for (let i = 0; i < 40; i++)
    writeFileSync(
      join(data, `${i}.png`),
      encode({ width: SIDE, height: SIDE, channels: 3, depth: 8, data: square(i) }),
    );
  printed.listen();
  expect(await train(at('run'), '--held-out', '8'), printed.text).toBe(0);
});

test('learns: what it has not seen comes back better and better, and the folder says how well', async () => {
  const quality = lines('run', 'quality.jsonl');
  expect(quality.map(({ nimg }) => nimg)).toEqual([240, 480]);
  const [, last] = quality;
  const log = lines('run', 'log.jsonl');
  expect(log.map(({ nimg }) => nimg)).toEqual(Array.from({ length: 12 }, (_, i) => 40 * (i + 1)));
  expect(log.at(-1)?.['loss']).toBeLessThan(0.6 * (log[0]?.['loss'] ?? 0));

  // The folder of the run is one of an autoencoder; the figure in the log is that of its codec.
  const { vae, params, scaling } = await loadAutoencoder(at('run'));
  expect(vae.factor).toBe(2);
  const normalizer = createLatentNormalizer({ rawMean: [0, 0, 0, 0], rawStd: [1, 1, 1, 1] });
  const codec = createLatentCodec({ vae, params, normalizer });
  const preview = decode(readFileSync(at('run', 'previews', '0000000.480.png')));
  // Eight held-out images, four times as large, over what comes back of them.
  expect([preview.width, preview.height]).toEqual([8 * 67 - 3, 2 * 67 - 3]);
  const pixel = (x: number, y: number, c: number) => preview.data[(y * preview.width + x) * 3 + c] ?? 0;
  const cell = (column: number, row: number) =>
    Float32Array.from({ length: SIDE * SIDE * 3 }, (_, i) =>
      pixel(column * 67 + 4 * (Math.floor(i / 3) % SIDE), row * 67 + 4 * Math.floor(i / 3 / SIDE), i % 3),
    );
  let psnr = 0;
  for (let i = 0; i < 8; i++) {
    const original = cell(i, 0);
    const back = codec.decode(codec.encode(tf.tensor4d(original, [1, SIDE, SIDE, 3]))).dataSync<'float32'>();
    // Another engine: a value may land on the other side of an integer.
    expect(Math.max(...cell(i, 1).map((value, at) => Math.abs(value - (back[at] ?? 0))))).toBeLessThanOrEqual(1);
    const mse = [...back].reduce((sum, value, at) => sum + (value - (original[at] ?? 0)) ** 2, 0) / back.length;
    psnr += (10 * Math.log10(255 ** 2 / mse)) / 8;
  }
  expect(psnr).toBeCloseTo(last?.['psnr'] ?? 0, 1);
  tf.dispose(params);

  // Its statistics lie beside it, and diffusers' factor brings latents to deviation 1.
  const sha256 = await hashAutoencoder(at('run'));
  const { rawMean, rawStd, pixels } = await loadRawStatistics(at('run', 'vae'), { sha256 });
  expect(pixels).toBe(8 * 8 * 8);
  const centre = rawMean.reduce((sum, mean) => sum + mean / 4, 0);
  const variance = rawMean.reduce((sum, mean, c) => sum + ((mean - centre) ** 2 + (rawStd[c] ?? 0) ** 2) / 4, 0);
  expect(scaling?.scale[0]).toBeCloseTo(1 / Math.sqrt(variance), 5);
});

test('crops are smaller than the images, which are looked at whole', async () => {
  expect(await train(at('crops'), '--crop', '8', '--duration', '160', '--held-out', '8'), printed.text).toBe(0);
  const [first] = lines('crops', 'log.jsonl');
  expect(first?.['loss']).not.toBe(lines('run', 'log.jsonl')[0]?.['loss']);
  const preview = decode(readFileSync(at('crops', 'previews', '0000000.160.png')));
  expect(preview.width).toBe(8 * 67 - 3);
});

test('stopped and continued it is the run that never stopped, to the bit', async () => {
  const ended = train(at('parts'), '--held-out', '8');
  const log = at('parts', 'log.jsonl');
  while (!existsSync(log) || readFileSync(log, 'utf8').split('\n').length <= 5)
    await new Promise((resolve) => setTimeout(resolve, 5));
  process.emit('SIGINT');
  expect(await ended, printed.text).toBe(130);
  expect(printed.text).toMatch(/interrupted at \d+ images, training state .*Continue with: .*vae.* --resume --outdir/);
  expect(await runProgram(['vae', '--resume', '--outdir', at('parts')]), printed.text).toBe(0);
  expect(printed.text).toMatch(/resuming at \d+ images/);
  for (const file of ['vae/diffusion_pytorch_model.safetensors', 'vae/config.json', 'quality.jsonl'])
    expect(readFileSync(at('parts', file)).equals(readFileSync(at('run', file))), file).toBe(true);
  const same = ({ nimg, loss, divergence }: Record<string, number>) => ({ nimg, loss, divergence });
  expect(lines('parts', 'log.jsonl').map(same)).toEqual(lines('run', 'log.jsonl').map(same));
  const state = readdirSync(at('run', 'states')).sort().at(-1) ?? '';
  expect(readFileSync(at('parts', 'states', state)).equals(readFileSync(at('run', 'states', state)))).toBe(true);
});

describe('one clear message, and nothing is written', () => {
  test.each<[string, string[], RegExp]>([
    ['no data', ['vae', '--outdir', at('new')], /--data: expected a folder or zip of images, got nothing/],
    [
      'too many levels',
      ['--channels', '8,8,8,8,8,8'],
      /--channels: expected at most 5 levels for images of 16×16, got 6/,
    ],
    [
      'nothing to train on',
      ['--held-out', '40'],
      /--held-out: expected fewer than the 40 images that there are, got 40/,
    ],
    ['a rate that is none', ['--lr', '0'], /--lr.*above 0/],
    ['widths that are none', ['--channels', '8,x'], /--channels.*1 to 6 widths/],
    ['a weight below 0', ['--kl', '-1'], /--kl.*at least 0/],
    [
      'a run that is there',
      ['--outdir', at('run')],
      /--outdir: expected an empty folder, got .*run with a training in it/,
    ],
    [
      'other settings',
      ['--resume', '--outdir', at('run'), '--lr', '1'],
      /--resume: expected the settings .*lr 0.003 then, 1 now/,
    ],
    [
      'nothing to resume',
      ['--resume', '--outdir', at('new')],
      /--resume: expected the folder of a run, got .*without a run\.json/,
    ],
  ])('%s', async (_, args, message) => {
    const argv = args[0] === 'vae' ? args : ['vae', '--data', data, '--outdir', at('new'), ...args];
    expect(await runProgram(argv), printed.text).toBe(2);
    expect(printed.text).toMatch(message);
    expect(existsSync(at('new'))).toBe(false);
  });

  test('other images', async () => {
    const other = at('other');
    mkdirSync(other);
    writeFileSync(join(other, '0.png'), encode({ width: SIDE, height: SIDE, channels: 3, depth: 8, data: square(99) }));
    expect(await runProgram(['vae', '--resume', '--outdir', at('run'), '--data', other])).toBe(2);
    expect(printed.text).toMatch(/expected the images that .*run was begun with, got others at .*other/);
  });

  test('a dry run says what it would do', async () => {
    expect(await train(at('new'), '--dry-run'), printed.text).toBe(0);
    expect(printed.text).toMatch(/"heldOut": 2,[\s\S]*"channels": \[\s+8,\s+8\s+\]/);
    expect(existsSync(at('new'))).toBe(false);
  });
});

test('photographs are cropped and resized into the run’s folder, which says so; another run of them takes the same', async () => {
  mkdirSync(at('photos'));
  for (let i = 0; i < 16; i++) {
    const [width, height] = [20 + i, 33 - i];
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, p) => (p * 7 + i * 31) % 256);
    writeFileSync(at('photos', `${i}.png`), encode({ width, height, channels: 3, depth: 8, data: pixels }));
  }
  const outdir = at('of-photos');
  const photos = (...more: string[]) =>
    runProgram([
      'vae',
      '--data',
      at('photos'),
      '--outdir',
      outdir,
      ...NET,
      '--duration',
      '16',
      '--held-out',
      '2',
      ...more,
    ]);
  expect(await photos('--dry-run')).toBe(0);
  expect(printed.text).toMatch(/images of .* are cropped in the middle and resized to 16×16/);
  expect(existsSync(outdir)).toBe(false);
  expect(await photos('--resolution', '8'), printed.text).toBe(0);
  const { data: made, dataFingerprint } = JSON.parse(readFileSync(join(outdir, 'run.json'), 'utf8'));
  expect(made).toMatch(/of-photos.cache.images-8-\w+\.zip$/);
  expect(dataFingerprint).toMatch(/^[0-9a-f]{64}$/);
  // It goes on from there: without the photographs, and with them.
  expect(await runProgram(['vae', '--resume', '--outdir', outdir, '--duration', '32']), printed.text).toBe(0);
  printed.text = '';
  expect(
    await runProgram([
      'vae',
      '--resume',
      '--outdir',
      outdir,
      '--data',
      at('photos'),
      '--resolution',
      '8',
      '--duration',
      '48',
    ]),
    printed.text,
  ).toBe(0);
  expect(printed.text).toMatch(/was made before/);
});
