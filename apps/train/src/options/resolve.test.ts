import '@tensorflow/tfjs';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { openDataset } from '@edm2/dataset';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../program.js';
import { resolveRunConfig } from './resolve.js';
import { type RunConfig, runConfigSchema } from './run-config.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-resolve-'));
beforeAll(() => {
  for (const side of [16, 64])
    for (const i of [0, 1]) {
      const folder = join(scratch, String(side), String(i));
      mkdirSync(folder, { recursive: true });
      const data = new Uint8Array(side * side).fill(100 * i);
      writeFileSync(join(folder, `${i}.png`), encode({ width: side, height: side, channels: 1, depth: 8, data }));
    }
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const printed = keepPrinted();

/** What a dry run says of the run. */
async function resolved(side: number, ...argv: string[]): Promise<RunConfig> {
  expect(await runProgram(['--data', join(scratch, String(side)), ...argv, '--dry-run']), printed.text).toBe(0);
  const config = runConfigSchema.parse(JSON.parse(printed.text));
  printed.text = '';
  return config;
}

const NAMES = 'batch lr decay dropout pMean pStd beta2 lossScale uncertainty emaHalfLife attnResolutions'.split(' ');
const row = ({ network: { attnResolutions }, ...config }: RunConfig): unknown[] =>
  NAMES.map((name) => {
    const value = { ...config, attnResolutions }[name];
    return typeof value === 'number' ? Number(value.toPrecision(12)) : value;
  });

describe('--config: the constants of training', () => {
  // Table 1, columns A to G, and the average of C.2.
  test.each<[string, unknown[]]>([
    ['A', [4096, 1e-4, 0, 0.1, -1.2, 1.2, 0.999, 100, false, 50e6, [32, 16, 8]]],
    ['B', [2048, 2e-4, 0, 0.1, -0.4, 1.0, 0.99, 100, true, 0, [16, 8]]],
    ['C', [2048, 2e-4, 0, 0.1, -0.4, 1.0, 0.99, 100, true, 0, [16, 8]]],
    ['D', [2048, 0.01, 0, 0.1, -0.4, 1.0, 0.99, 1, true, 0, [16, 8]]],
    ['E', [2048, 0.01, 70000, 0.1, -0.4, 1.0, 0.99, 1, true, 0, [16, 8]]],
    ['F', [2048, 0.01, 70000, 0.1, -0.4, 1.0, 0.99, 1, true, 0, [16, 8]]],
    ['G', [2048, 0.01, 70000, 0, -0.4, 1.0, 0.99, 1, true, 0, [16, 8]]],
  ])('%s with the preset of the paper’s ladder, img512-s, are the paper’s', async (letter, expected) => {
    expect(row(await resolved(64, '--preset', 'img512-s', '--config', letter))).toEqual(expected);
  });

  // docs/guide/ladder.md: batch and rate in the paper's ratios to G's, the half-life as 2.3 % of 60,000 images.
  test.each<[string, unknown[]]>([
    ['A', [32, 1.2e-4, 0, 0.1, -1.2, 1.2, 0.999, 100, false, 1397, [8]]],
    ['B', [16, 2.4e-4, 0, 0.1, -0.8, 1.4, 0.99, 100, true, 0, [8]]],
    ['C', [16, 2.4e-4, 0, 0.1, -0.8, 1.4, 0.99, 100, true, 0, [8]]],
    ['D', [16, 0.012, 0, 0.1, -0.8, 1.4, 0.99, 1, true, 0, [8]]],
    ['E', [16, 0.012, 2000, 0.1, -0.8, 1.4, 0.99, 1, true, 0, [8]]],
    ['F', [16, 0.012, 2000, 0.1, -0.8, 1.4, 0.99, 1, true, 0, [8]]],
    ['G', [16, 0.012, 2000, 0, -0.8, 1.4, 0.99, 1, true, 0, [8]]],
  ])('%s with another preset, mnist, are its own in the paper’s ratios', async (letter, expected) => {
    expect(row(await resolved(16, '--preset', 'mnist', '--config', letter))).toEqual(expected);
  });

  test('an option of one’s own comes before all', async () => {
    const own = [
      '--batch',
      '8',
      '--lr',
      '0.003',
      '--decay',
      '7',
      '--dropout',
      '0.2',
      '--pmean',
      '-0.3',
      '--pstd',
      '0.9',
    ];
    const config = await resolved(16, '--config', 'A', ...own, '--ema-half-life', '500', '--ema-rampup', '0.05');
    expect(row(config).slice(0, 6)).toEqual([8, 0.003, 7, 0.2, -0.3, 0.9]);
    expect([config.emaHalfLife, config.emaRampup]).toEqual([500, 0.05]);
    const { beta2, lossScale, uncertainty } = await resolved(
      16,
      ...['--beta2', '0.95', '--loss-scale', '7', '--uncertainty', 'false'],
    );
    expect([beta2, lossScale, uncertainty]).toEqual([0.95, 7, false]);
  });

  test('config B with attention where A has it; nowhere but in the middle', async () => {
    const a = ['--attn-resolutions', '8,16'];
    expect((await resolved(16, '--config', 'B', ...a)).network.attnResolutions).toEqual([16, 8]);
    expect((await resolved(16, '--attn-resolutions', 'none')).network.attnResolutions).toEqual([]);
    // A level of the network may lie beyond those where its preset attends.
    expect((await resolved(64, '--preset', 'img512-s', ...a)).network.attnResolutions).toEqual([16, 8]);
  });

  test.each<[string, string[], RegExp]>([
    ['a second decay of 1', ['--beta2', '1'], /--beta2: expected 0 ≤ β₂ < 1, got 1\. /],
    ['no loss', ['--loss-scale', '0'], /--loss-scale: expected a number above 0, got 0\. /],
    ['a third truth value', ['--uncertainty', 'maybe'], /--uncertainty.*Expected true or false/],
    ['an augmentation more than certain', ['--augment', '1.2'], /--augment: expected 0 ≤ p ≤ 1, got 1\.2\. /],
    ['augmentations of no probability', ['--augment-with', 'x-flip'], /--augment-with: expected a probability besides/],
    [
      'an augmentation that there is not',
      ['--augment', '0.1', '--augment-with', 'blur'],
      /Expected names of x-flip.*got blur/,
    ],
    ['x-flips besides', ['--augment', '0.1', '--xflip', 'true'], /--augment: expected --xflip false, got true\. /],
    [
      'a share that is none',
      ['--validation', '1'],
      /--validation: expected a share between 0 and 1 or a path, got 1\. /,
    ],
    ['a width of nothing', ['--channels', '0'], /--channels/],
    ['attention at no level', ['--attn-resolutions', '32,8,4'], /--attn-resolutions: .* 16, 8, got 32, 4\. /],
    ['no side', ['--attn-resolutions', '8x8'], /--attn-resolutions.*such as 16,8, or none/],
    ['a ramp-up of no half-life', ['--ema-rampup', '0.05'], /--ema-rampup: expected a half-life .*--ema-half-life/],
    [
      'nor of config A’s, where it is switched off',
      ['--config', 'A', '--ema-half-life', '0', '--ema-rampup', '0.05'],
      /--ema-rampup: expected a half-life/,
    ],
  ])('%s is refused', async (_, argv, message) => {
    expect(await runProgram(['--data', join(scratch, '16'), ...argv, '--dry-run'])).toBe(2);
    expect(printed.text).toMatch(message);
  });

  test('presets for few images fit small and larger ones', async () => {
    for (const [name, duration] of [
      ['small-500', 60_000],
      ['small-2000', 240_000],
      ['small-4000', 480_000],
    ] as const)
      for (const side of [16, 64])
        expect(await resolved(side, '--preset', name)).toMatchObject({
          duration,
          network: { imgResolution: side, modelChannels: 16 },
        });
  });

  test('augmentation, x-flips, a width and held-out images are in the configuration, and the network is told of the first', async () => {
    const plain = await resolved(16);
    expect([plain.augment, plain.xflip, plain.validation, plain.network.augmentDim]).toEqual([
      0,
      false,
      undefined,
      undefined,
    ]);
    const augmented = await resolved(16, '--augment', '0.12', '--channels', '24', '--validation', '0.25');
    expect(augmented).toMatchObject({ augment: 0.12, validation: 0.25, network: { augmentDim: 9, modelChannels: 24 } });
    const two = await resolved(16, '--augment', '0.3', '--augment-with', 'translation, x-flip');
    expect([two.augmentWith, two.network.augmentDim]).toEqual(['x-flip,translation', 3]);
    expect((await resolved(16, '--xflip', 'true', '--validation', scratch)).validation).toBe(scratch);
  });

  test('what a continuation could not read is refused as soon as it is resolved', async () => {
    const dataset = await openDataset(join(scratch, '16'));
    const given = { seed: 1.5 };
    expect(() => resolveRunConfig(given, dataset)).toThrow(/^config\.json: expected values .*\(seed: /);
    await dataset.close();
  });

  test('a ramp-up of config A’s own half-life needs no other', async () => {
    expect((await resolved(16, '--config', 'A', '--ema-rampup', '0.05')).emaRampup).toBe(0.05);
  });
});
