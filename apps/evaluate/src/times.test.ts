import '@tensorflow/tfjs';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { openAverages } from '@edm2/app-scoring/sweep/averages';
import { readSafetensors, writeSafetensors } from '@edm2/tensor-files';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from './program.js';
import { writeRun } from './run.fixture.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-times-'));
const at = (...names: string[]): string => join(scratch, ...names);
const printed = keepPrinted();

/** Snapshots at the times of the main job: every 3,760 images, and at the end. */
beforeAll(async () => {
  mkdirSync(at('main'));
  for (const nimg of [...Array.from({ length: 15 }, (_, i) => 3760 * (i + 1)), 60_000])
    for (const sigmaRel of [0.05, 0.1])
      await writeSafetensors(
        at('main', `network-snapshot-${nimg}-${sigmaRel}.safetensors`),
        { w: { shape: [2], data: Float32Array.of(nimg, sigmaRel) } },
        { sigmaRel: String(sigmaRel), nimg: String(nimg) },
      );
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('reconstruct', () => {
  const reconstruct = (outdir: string, ...argv: string[]) =>
    runProgram(['reconstruct', '--indir', at('main'), '--outdir', at(outdir), '--outstd', '0.12', ...argv]);

  test('takes the stored time with the label', async () => {
    expect(await reconstruct('label', '--outkimg', '60'), printed.text).toBe(0);
    expect(await reconstruct('label', '--outkimg', '18'), printed.text).toBe(0);
    expect(readdirSync(at('label'))).toEqual(['phema-0000018-0.120.safetensors', 'phema-0000060-0.120.safetensors']);
    const file = await readSafetensors(at('label', 'phema-0000018-0.120.safetensors'));
    await file.close();
    expect(file.metadata['nimg']).toBe('18800');
  });

  test('refuses a time that the snapshots cannot give, in its own words, unless forced', async () => {
    expect(await reconstruct('times', '--t', '20Ki')).toBe(1);
    expect(printed.text).toMatch(
      /20,480 images, which is not stored.*nearest stored times are 18,800 and 22,560: give one as --t; --force/,
    );
    expect(await reconstruct('times', '--outkimg', '61')).toBe(1);
    expect(printed.text).toMatch(/nearest stored time is 60,000 images: --outkimg 60/);
    expect(await reconstruct('times', '--t', '20Ki', '--force'), printed.text).toBe(0);
    expect(printed.text).toMatch(/warning: .*20,480 images is not a stored time/);
    expect(readdirSync(at('times'))).toEqual(['phema-0000020.480-0.120.safetensors']);
  });

  test('replaces nothing unasked, and says what weights are divided by', async () => {
    expect(await reconstruct('again'), printed.text).toBe(0);
    expect(await reconstruct('again'), printed.text).toBe(0);
    expect(await reconstruct('again', '--no-normalize')).toBe(1);
    expect(printed.text).toMatch(/weights divided by their sum\. Choose another --outdir or --outprefix; --overwrite/);
    expect(await reconstruct('again', '--no-normalize', '--overwrite'), printed.text).toBe(0);
  });
});

describe('sweep', () => {
  const sweep = (...argv: string[]) => {
    const all = ['--indir', at('main'), '--outdir', at('sweep'), '--features', 'none', '--ref', 'none', ...argv];
    return runProgram(['sweep', ...all]);
  };

  test.each([
    [['--t', '20Ki'], /20,480 images, which is not stored.* 0\.1 by .*give one as --t; --force/],
    [
      ['--guidance', '2', '--guide-sigma-rel', '0.1', '--guide-t', '20000'],
      /20,000 images.*18,800 and 22,560: give one as --guide-t/,
    ],
    [['--sigma-rel', '0.1,0.001'], /beyond that: 0\.001 by/],
    [['--per-tensor', 'w', '--lengths', '0.001'], /beyond that: 0\.001 by/],
  ])('refuses %j before anything is drawn', async (argv, message) => {
    expect(await sweep(...argv)).toBe(1);
    expect(printed.text).toMatch(message);
  });

  test('looks for what scores, and for what it compares with, before an engine starts', async () => {
    expect(await sweep('--sigma-rel', '0.1')).toBe(2);
    expect(printed.text).toMatch(/--features: expected a feature network's weights, got no file at none/);
    expect(await sweep('--sigma-rel', '0.1', '--features', at('main', 'network-snapshot-60000-0.1.safetensors'))).toBe(
      2,
    );
    expect(printed.text).toMatch(/--ref: expected real images or their statistics, got nothing at none/);
    expect(printed.text).not.toMatch(/engine:/);
  });

  test('tells lengths that the snapshots can give', async () => {
    const averages = await openAverages(at('main'), scratch);
    expect([0.001, 0.02, 0.2].map(averages.reaches)).toEqual([false, true, true]);
    const forced = await openAverages(at('main'), scratch, { t: 20_480, lengths: [0.1], force: true });
    expect(forced.reaches(0.001)).toBe(true);
  });
});

test('generate refuses an average that is far from what its name says, unless forced', async () => {
  mkdirSync(at('net'));
  await writeRun(at('net'));
  const run = ['reconstruct', '--indir', at('net', 'run'), '--outdir', at('net', 'averages'), '--outstd', '0.1'];
  expect(await runProgram([...run, '--t', '1900', '--force']), printed.text).toBe(0);
  const net = at('net', 'averages', 'phema-0000001.900-0.100.safetensors');
  const generate = (...argv: string[]) =>
    runProgram(['generate', '--engine', 'cpu', '--net', net, '--seeds', '0', '--steps', '1', ...argv]);
  expect(await generate('--grid', at('refused.png'))).toBe(1);
  expect(printed.text).toMatch(/0000001\.900-0\.100\.safetensors, whose profile is .* % off.*--force uses it/);
  expect(await generate('--grid', at('forced.png'), '--force'), printed.text).toBe(0);
  expect(printed.text).toMatch(/warning: .* is only about the average that its name says/);
});
