import '@tensorflow/tfjs';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { encode } from 'fast-png';
import { afterAll, describe, expect, test } from 'vitest';
import { runProgram } from './program.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-program-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const printed = keepPrinted();

const run = (...argv: string[]): Promise<number> => runProgram(argv);

/** A folder of `count` grey images. */
function images(name: string, count: number, side = 8): string {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from({ length: side * side }, (_, p) => (p * 7 + i * 13) % 256);
    writeFileSync(join(folder, `${i}.png`), encode({ width: side, height: side, channels: 1, depth: 8, data }));
  }
  return folder;
}

describe('wrong usage ends with code 2 and one clear message', () => {
  test.each<[string, string[], RegExp]>([
    ['no data', [], /--data: expected a folder or zip/],
    ['unknown flag', ['--durration', '3'], /--duration/],
    ['unknown preset', ['--data', 'x', '--preset', 'img512-xz'], /Did you mean img512-x/],
    ['a count that is none', ['--data', 'x', '--duration', 'many'], /--duration/],
    ['unknown engine', ['--data', 'x', '--engine', 'onnxruntim'], /--engine/],
    ['unknown command line word', ['demo', '--smok'], /--smoke/],
  ])('%s', async (_, argv, message) => {
    expect(await run(...argv)).toBe(2);
    expect(printed.text).toMatch(message);
  });

  test.each<[string, string[], RegExp]>([
    ['a decay below 0', ['--decay', '-3'], /--decay: expected a number of batches/],
    ['no threads', ['--threads', '0'], /--threads.*whole number from 1 to/],
    ['a share of an image', ['--batch', '2.5'], /--batch.*Expected a whole number such as/],
    ['a learning rate of 0', ['--lr', '0'], /--lr: expected a number above 0/],
    ['certain dropout', ['--dropout', '1'], /--dropout: expected 0 ≤ p < 1/],
    [
      '16 bit on an engine without it',
      ['--fp16', 'true', '--engine', 'onnxruntime'],
      /--precision float16: expected an engine that computes in it, got onnxruntime\. Add --engine xla/,
    ],
    [
      'two precisions',
      ['--fp16', 'true', '--precision', 'bfloat16'],
      /--fp16: expected the same as --precision bfloat16/,
    ],
    ['a precision that is none', ['--precision', 'fp8'], /--precision.*Expected one of float32, bfloat16, float16/],
    ['an engine that cannot train', ['--engine', 'webgpu'], /--engine.*webgpu cannot be used: in Node/],
    [
      'another that cannot',
      ['--engine', 'wasm'],
      /--engine.*Expected auto, tune, tensorflow-gpu, tensorflow, onnxruntime, xla, xla:cpu, xla:cuda, xla:rocm, xla:oneapi, xla:tpu, cpu\./,
    ],
    ['too many threads', ['--threads', '9999'], /--threads.*whole number from 1 to \d+: this machine has/],
    ['too large a batch', ['--batch', '1Mi'], /--batch.*Expected at most 65536\./],
    ['more images than names count', ['--duration', '10G'], /--duration.*Expected at most 9999999999\./],
    ['no snapshots', ['--snapshot', '0'], /--snapshot: expected a number above 0, got 0/],
    ['an autoencoder for pixels', ['--vae', 'sd'], /--vae: expected data of latents, got images/],
  ])('%s, and nothing is written', async (_, argv, message) => {
    const outdir = join(scratch, 'not-written');
    expect(await run('--data', images('usage', 4), '--outdir', outdir, '--duration', '1000', ...argv)).toBe(2);
    expect(printed.text).toMatch(message);
    expect(existsSync(outdir)).toBe(false);
  });

  test('help shows the way on', async () => {
    expect(await run('demo', '--help')).toBe(0);
    expect(printed.text).toMatch(/--data photos/);
    expect(printed.text).toMatch(/tensorflow-gpu/);
  });

  // In /proc Node's own recursive mkdir never returns.
  test.skipIf(!existsSync('/proc/self'))('a folder that cannot be made (skipped without /proc)', async () => {
    expect(await run('--data', images('proc', 4), '--outdir', '/proc/edm2/run', '--duration', '1000')).toBe(2);
    expect(printed.text).toMatch(/--outdir: expected a folder that can be made, got \/proc\/edm2\/run \(ENOENT\)/);
  });

  test('a batch that does not divide', async () => {
    expect(await run('--data', images('divide', 4), '--batch', '6', '--batch-gpu', '4', '--dry-run')).toBe(2);
    expect(printed.text).toMatch(/--batch-gpu: expected a divisor/);
  });

  test('labels asked for where there are none', async () => {
    expect(await run('--data', images('unlabelled', 4), '--cond', 'true', '--dry-run')).toBe(2);
    expect(printed.text).toMatch(/--cond: expected data with labels/);
  });
});

// `npm run ladder` gives these to a program whose own options have some of the names.
describe('wrong usage of ladder ends with code 2 and one clear message, before anything is written', () => {
  test.each<[string, string[], RegExp]>([
    ['an option of training', ['--dry-run'], /unknown option '--dry-run'/],
    ['its length', ['--duration', '5'], /unknown option '--duration'/],
    ['its rate', ['--lr', '1'], /unknown option '--lr'/],
    ['its preset', ['--preset', 'mnist'], /unknown option '--preset'/],
    ['a resumption', ['--resume'], /unknown option '--resume'/],
    ['a slip', ['--smok'], /unknown option '--smok'\s+\(Did you mean --smoke\?\)/],
    ['a word', ['A'], /too many arguments/],
    ['an engine of training alone', ['--engine', 'tune'], /--engine.*Expected auto, tensorflow-gpu/],
    ['no number as seed', ['--seed', 'x'], /--seed.*whole number of at least 0/],
    ['nothing as seed', ['--seed', ''], /--seed.*whole number of at least 0/],
    ['a share as seed', ['--seed', '1.5'], /--seed.*whole number of at least 0/],
    ['a seed below 0', ['--seed', '-1'], /--seed.*whole number of at least 0/],
    [
      'seeds that rise too far',
      ['--seed', `${2 ** 53 - 1}`, '--trainings', '2'],
      /values that a run can be continued with, got others \(seed: Too big/,
    ],
    ['no threads', ['--threads', '0'], /--threads.*whole number from 1 to/],
    ['an unknown config', ['--configs', 'C,H'], /--configs.*letters of A, B, C, D, E, F, G such as C,G, got H/],
    ['no config', ['--configs', ''], /--configs.*got nothing/],
    ['two factors in one', ['--lr-factors', 'C=5=6'], /--lr-factors.*such as C=5,G=3, got C=5=6/],
    ['two factors for one', ['--lr-factors', 'C=3,c=4'], /--lr-factors.*each config once, got C twice/],
    ['an endless factor', ['--lr-factors', 'C=Infinity'], /--lr-factors.*got C=Infinity/],
    ['a factor beyond numbers', ['--lr-factors', 'G=3,C=1e400'], /--lr-factors.*got C=1e400/],
    ['a factor of 0', ['--lr-factors', 'C=0'], /--lr-factors.*above 0.*got C=0/],
    ['channels of no group norm', ['--channels', '9'], /--channels: .*config A can have, got 9 .*multiple of 4/],
    ['channels of no heads', ['--channels', '100', '--configs', 'G'], /--channels: .*config G can have, got 100 /],
    ['no images', ['--images', '0'], /--images: expected a number above 0, got 0/],
  ])('%s', async (_, argv, message) => {
    // No folder can be made below a file: a ladder that begins ends at once, with another error.
    const file = join(scratch, 'a-file');
    writeFileSync(file, '');
    const outdir = join(file, 'ladder');
    expect(await run('ladder', '--smoke', '--outdir', outdir, ...argv)).toBe(2);
    expect(printed.text).toMatch(message);
    expect(printed.text.trim().replace(/\n\(Did you mean .*/, '')).not.toContain('\n');
  });

  test.each([
    ['ladder', '--threads', '2'],
    ['demo', '--seed', '7'],
  ])('options before %s, which it would not see', async (subcommand, ...option) => {
    expect(await run(...option, subcommand, '--dry-run')).toBe(2);
    expect(printed.text).toMatch(`${option[0]}: expected options after ${subcommand}, got one before`);
  });
});

test('the main job takes the options that follow it', async () => {
  expect(await run('demo', '--seed', '7', '--batch', '32', '--dry-run'), printed.text).toBe(0);
  expect(JSON.parse(printed.text)).toMatchObject({ data: 'mnist', preset: 'mnist', seed: 7, batch: 32 });
});

describe('bad data ends with code 1, named, before anything is written', () => {
  const outdir = join(scratch, 'never');
  test.each<[string, () => string, RegExp]>([
    ['missing folder', () => join(scratch, 'nowhere'), /nowhere/],
    ['empty folder', () => images('empty', 0), /empty/],
    [
      'a cut-off image',
      () => {
        const folder = images('cut', 5);
        const file = join(folder, '3.png');
        writeFileSync(file, readFileSync(file).subarray(0, 60));
        return folder;
      },
      /3\.png/,
    ],
    [
      'a flipped bit',
      () => {
        const folder = images('flip', 5);
        const file = join(folder, '2.png');
        const bytes = readFileSync(file);
        bytes[50] = (bytes[50] ?? 0) ^ 4;
        writeFileSync(file, bytes);
        return folder;
      },
      /2\.png/,
    ],
  ])('%s', async (_, make, message) => {
    expect(await run('--data', make(), '--outdir', outdir, '--duration', '1000', '--batch', '100')).toBe(1);
    expect(printed.text).toMatch(message);
    expect(existsSync(outdir)).toBe(false);
  });
});

test('a dry run prints the configuration', async () => {
  expect(await run('--data', images('dry', 4), '--duration', '2Ki', '--dry-run')).toBe(0);
  expect(JSON.parse(printed.text)).toMatchObject({
    duration: 2048,
    network: { imgResolution: 8, imgChannels: 1, labelDim: 0 },
  });
});

test('the main job, small: trains on MNIST, reconstructs, samples, scores, reports', async () => {
  const outdir = join(scratch, 'smoke');
  expect(await run('demo', '--smoke', '--outdir', outdir), printed.text).toBe(0);
  const files = readdirSync(outdir);
  for (const name of ['config.json', 'log.jsonl', 'grid.png', 'scores.json', 'report.html'])
    expect(files).toContain(name);
  expect(readFileSync(join(outdir, 'report.html'), 'utf8')).toMatch(/data:image\/png/);
  const scores = JSON.parse(readFileSync(join(outdir, 'scores.json'), 'utf8'));
  expect(scores.sweep.map(({ sigmaRel }: { sigmaRel: number }) => sigmaRel)).toEqual([0.05, 0.07, 0.1]);
  expect(scores.generated.n).toBe(100);
  // Guided for real: the same seeds come out otherwise.
  const { duration } = JSON.parse(readFileSync(join(outdir, 'config.json'), 'utf8'));
  expect(scores.guidance).toMatchObject({ weight: 1.5, sigmaRel: 0.1 });
  expect(Math.abs(scores.guidance.nimg / duration - 1 / 3)).toBeLessThan(1 / 6);
  expect(scores.unguided.frechet).not.toBe(scores.generated.frechet);
  expect(scores.heldOut.labelAgreement).toBeGreaterThan(0.3);
  // Hardly trained: far from real digits, and the distance must say so.
  expect(scores.generated.frechet).toBeGreaterThan(scores.heldOut.frechet);
  expect(printed.text).toMatch(/label agreement/);
});

test('images that are not square, a power of two and alike would be converted first, to the size asked for', async () => {
  const folder = images('mixed', 3);
  writeFileSync(join(folder, 'z.png'), readFileSync(join(images('big', 1, 12), '0.png')));
  expect(await run('--data', folder, '--outdir', join(scratch, 'mixed-run'), '--dry-run'), printed.text).toBe(0);
  expect(printed.text).toMatch(
    /images of 8×8 to 12×12, .*4 images are cropped in the middle and resized to 8×8 → \S+\.zip/,
  );
  printed.text = '';
  const sixteen = images('sixteen', 1, 16);
  const argv = ['--data', sixteen, '--outdir', join(scratch, 'mixed-run'), '--dry-run', '--resolution'];
  expect(await run(...argv, '8'), printed.text).toBe(0);
  expect(printed.text).toMatch(/resized to 8×8 →/);
  expect(existsSync(join(scratch, 'mixed-run'))).toBe(false);
  expect(await run(...argv, '12')).toBe(2);
  expect(printed.text).toMatch(/--resolution.*Expected a power of two/);
});
