import '@tensorflow/tfjs';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { createUNet, initParams } from '@edm2/edm2-unet';
import { saveNetwork } from '@edm2/edm2-unet/node';
import { readSafetensors } from '@edm2/tensor-files';
import { goldenPath } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from './program.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-evaluate-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (...names: string[]): string => join(scratch, ...names);

/** A network of random weights, its gains not zero, so that labels and noise levels matter. */
async function network(name: string, { labelDim = 4, imgChannels = 3, seed = 1 } = {}): Promise<string> {
  const unet = createUNet({
    config: 'G',
    imgResolution: 8,
    imgChannels,
    labelDim,
    modelChannels: 16,
    channelMult: [1],
    numBlocks: 1,
    attnResolutions: [],
  });
  const params = initParams(unet, seed);
  for (const { name: key, kind } of unet.parameters)
    if (kind === 'gain') {
      params[key]?.dispose();
      params[key] = tf.scalar(0.5);
    }
  const path = at(`${name}.safetensors`);
  await saveNetwork(path, { unet, params });
  tf.dispose(params);
  return path;
}

let net = '';
let uncond = '';
let latent = '';
beforeAll(async () => {
  net = await network('net');
  uncond = await network('uncond', { labelDim: 0, seed: 2 });
  latent = await network('latent', { imgChannels: 4 });
});

const printed = keepPrinted();

const FAST = ['--engine', 'onnxruntime', '--threads', '1', '--steps', '3'];
const generate = (...argv: string[]): Promise<number> => runProgram(['generate', ...FAST, ...argv]);
const draw = (): string[] => ['generate', ...FAST, '--net', net, '--outdir', at('never')];
const image = (path: string) => decode(readFileSync(path)).data;

describe('wrong usage ends with code 2 and one clear message', () => {
  test.each<[string, () => string[], RegExp]>([
    ['nothing to sample', () => ['generate', '--outdir', 'x'], /--net: expected a network snapshot/],
    ['nowhere to write', () => ['generate', '--net', net], /--outdir: expected a folder, or --grid/],
    ['seeds that are none', () => ['generate', '--net', net, '--seeds', '5-1'], /--seeds/],
    ['a rank beyond n', () => ['generate', '--net', net, '--rank', '4/4'], /--rank.*0 ≤ i < n/],
    [
      'a class too many',
      () => ['generate', ...FAST, '--net', net, '--outdir', at('c'), '--class', '4'],
      /--class: expected classes below 4, got 4/,
    ],
    [
      'guidance by nobody',
      () => ['generate', '--net', net, '--outdir', 'x', '--guidance', '2'],
      /--gnet: expected a guiding network/,
    ],
    ['an interval upside down', () => ['generate', '--net', net, '--guidance-interval', '2,1'], /--guidance-interval/],
    [
      'latents without a VAE',
      () => ['generate', ...FAST, '--net', latent, '--outdir', at('l')],
      /--vae: expected the autoencoder of .*latent.safetensors, stabilityai\/sd-vae-ft-mse, got none at stabilityai\/sd-vae-ft-mse or/,
    ],
    [
      'a preset whose files are elsewhere',
      () => ['generate', '--preset', 'edm2-img64-s-fid', '--outdir', 'x', '--models', scratch],
      /edm2-img64-s-1073741-0\.075\.pkl/,
    ],
    ['an unknown option', () => ['generate', '--sede', '3'], /--sede/],
    ['averages that go nowhere', () => ['reconstruct', '--indir', 'x'], /--outdir: expected a folder/],
    [
      'averages with two names for where they go',
      () => ['reconstruct', '--indir', 'x', '--outdir', 'a', '--dest', 'b'],
      /--dest.*another name of --outdir/,
    ],
    ['a sweep of nothing', () => ['sweep'], /--indir: expected a folder/],
    ['figures without features', () => ['metrics', 'gen', ...FAST, '--net', net], /--features: expected the weights/],
    [
      'features that are none',
      () => ['metrics', 'gen', ...FAST, '--net', net, '--features', net, '--ref', net],
      /--features: expected weights of inception or dinov2, or a classifier/,
    ],
    ['a command that is none', () => ['genrate'], /genrate/],
    ['threads without end', () => ['generate', '--net', net, '--threads', '9999'], /--threads.*threads a core wait/],
    ['a batch without end', () => ['generate', '--net', net, '--batch', '1e9'], /--batch.*from 1 to 4,096: a larger/],
    ['steps without end', () => ['generate', '--net', net, '--steps', '1e7'], /--steps.*from 1 to 10,000: published/],
    ['seeds without end', () => ['generate', '--net', net, '--seeds', '0-99999999999'], /--seeds.*at most 1,000,000/],
    ['draws without end', () => ['metrics', 'gen', '--draws', '1e9'], /--draws.*from 1 to 1,000/],
    [
      'draws that are too many images together',
      () => ['metrics', 'gen', '--net', net, '--num', '1e6', '--draws', '11'],
      /--draws: expected at most 10,000,000 images in all, got 11 draws of 1,000,000/,
    ],
    [
      'a sweep without end',
      () => ['sweep', '--guidance', '1,1.01,...,9', '--sigma-rel', '0.001,0.002,...,0.2'],
      /--sigma-rel: expected at most 100,000 settings/,
    ],
    [
      'a noise level above the highest',
      () => [...draw(), '--sigma-min', '90'],
      /--sigma-min: .*below --sigma-max, got 90/,
    ],
    ['a rho of nothing', () => [...draw(), '--rho', '0'], /--rho: expected a number above 0, got 0/],
    ['churn below nothing', () => [...draw(), '--s-churn', '-1'], /--s-churn: expected it, --s-min/],
    [
      'churn that does not churn',
      () => [...draw(), '--S_noise', '1.1'],
      /--s-noise: expected --s-churn above 0 as well/,
    ],
    ['columns of no grid', () => [...draw(), '--columns', '5'], /--columns: expected --grid as well/],
    [
      'a share of no folder',
      () => ['generate', '--net', net, '--grid', 'x.png', '--rank', '0/2'],
      /--rank: expected --out/,
    ],
    [
      'an interval of no guidance',
      () => [...draw(), '--guidance-interval', '1,2'],
      /--guidance-interval: expected --gui/,
    ],
    ['a folder for no preset', () => [...draw(), '--models', 'x'], /--models: expected --preset as well/],
    ['any autoencoder, and none named', () => [...draw(), '--any-vae'], /--any-vae: expected --vae as well/],
    [
      'an autoencoder for images',
      () => [...draw(), '--vae', 'x'],
      /--vae: expected a network that makes latents, got one that/,
    ],
    [
      'removing what other processes draw',
      () => [...draw(), '--rank', '0/2', '--overwrite'],
      /--overwrite: expected no --rank/,
    ],
    [
      'a destination that is a file',
      () => ['generate', '--net', net, '--outdir', net],
      /--outdir: expected a folder, got/,
    ],
    [
      'a spread of what is not resampled',
      () => ['metrics', 'gen', '--metrics', 'kid', '--bootstrap', '5'],
      /--bootstrap: expe/,
    ],
    [
      'a guide that guides nothing',
      () => ['sweep', '--gnet', net],
      /--gnet: expected a weight other than 1 in --guidance/,
    ],
  ])('%s', async (_, argv, message) => {
    expect(await runProgram(argv())).toBe(2);
    expect(printed.text).toMatch(message);
  });

  test('help ends well', async () => {
    expect(await runProgram(['--help'])).toBe(0);
    expect(printed.text).toMatch(/Exit codes/);
  });
});

describe('generate', () => {
  test('one image per seed, whatever batch, process or sub-folder it comes from', async () => {
    expect(await generate('--net', net, '--outdir', at('whole'), '--seeds', '0-4,1007'), printed.text).toBe(0);
    expect(readdirSync(at('whole')).sort()).toEqual([
      '000000.png',
      '000001.png',
      '000002.png',
      '000003.png',
      '000004.png',
      '001007.png',
      'generate.json',
    ]);
    const drawn: string[][] = [];
    for (const rank of ['0/2', '1/2']) {
      const argv = ['--subdirs', '--seeds', '0-4,1007', '--rank', rank, '--batch', '2'];
      expect(await generate('--net', net, '--outdir', at('parts'), ...argv), printed.text).toBe(0);
      drawn.push(
        readdirSync(at('parts'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.png')),
      );
    }
    // Each process its share, together all.
    expect(drawn.map(({ length }) => length)).toEqual([3, 6]);
    expect(readdirSync(at('parts', '000000'))).toHaveLength(5);
    for (const [folder, seed] of [
      ['000000', '000003'],
      ['001000', '001007'],
    ] as const) {
      const [one, other] = [image(at('whole', `${seed}.png`)), image(at('parts', folder, `${seed}.png`))];
      expect(Math.max(...one.map((value, i) => Math.abs(value - (other[i] ?? 0))))).toBeLessThanOrEqual(1);
    }
    expect(image(at('whole', '000000.png'))).not.toEqual(image(at('whole', '000001.png')));
  });

  test('goes on with a folder of the same settings, and refuses one of others unless it may replace them', async () => {
    const folder = at('again');
    const into = (...argv: string[]) => generate('--net', net, '--outdir', folder, ...argv);
    expect(await into('--seeds', '0-1')).toBe(0);
    const [before] = [readFileSync(join(folder, '000000.png'))];
    const { ino } = statSync(join(folder, '000000.png'));
    expect(await into('--seeds', '0-3'), printed.text).toBe(0);
    expect(printed.text).toMatch(/2 of 4 images are there already/);
    expect(statSync(join(folder, '000000.png')).ino).toBe(ino);
    expect(existsSync(join(folder, '000003.png'))).toBe(true);
    // Each of what decides an image; the layout too, in which the same image would be there twice.
    for (const [option, message] of [
      [['--rho', '5'], /rho 7 there, 5 here/],
      [['--sigma-min', '0.01'], /sigma-min 0\.002 there, 0\.01 here/],
      [['--steps', '4'], /steps 3 there, 4 here/],
      [['--s-churn', '9'], /churn none there, s-churn 9 s-min 0 s-max inf s-noise 1 here/],
      [['--class', '1'], /class by seed there, 1 here/],
      [['--gnet', uncond, '--guidance', '2'], /guidance none there, 2 here/],
      [['--subdirs'], /subdirs none there, true here/],
    ] as const) {
      expect(await into('--seeds', '0-3', ...option), printed.text).toBe(2);
      expect(printed.text).toMatch(message);
      expect(printed.text).toMatch(/--outdir: expected a new folder, .*--overwrite to remove its images/);
    }
    expect(readFileSync(join(folder, '000000.png'))).toEqual(before);
    expect(await into('--seeds', '0', '--rho', '5', '--overwrite'), printed.text).toBe(0);
    expect(printed.text).toMatch(/4 images of other settings were removed/);
    expect(readdirSync(folder).sort()).toEqual(['000000.png', 'generate.json']);
    expect(readFileSync(join(folder, '000000.png'))).not.toEqual(before);
    expect(await into('--seeds', '0-1', '--rho', '5', '--overwrite'), printed.text).toBe(0);
    expect(printed.text).toMatch(/1 of 2 images are there already/);
  });

  test('images of unknown settings stay; other files are no matter', async () => {
    const folder = at('unknown');
    mkdirSync(folder);
    for (const name of ['000001.png', 'notes.txt', 'photo.png']) writeFileSync(join(folder, name), name);
    const into = (...argv: string[]) => generate('--net', net, '--outdir', folder, ...argv);
    expect(await into('--seeds', '0-1')).toBe(2);
    expect(printed.text).toMatch(/images of these seeds, of which no generate\.json tells the settings/);
    expect(readFileSync(join(folder, '000001.png'), 'utf8')).toBe('000001.png');
    expect(await into('--seeds', '0'), printed.text).toBe(0);
    expect(readdirSync(folder)).toEqual(['000000.png', '000001.png', 'generate.json', 'notes.txt', 'photo.png']);
    writeFileSync(join(folder, 'generate.json'), '[');
    expect(await into('--seeds', '7')).toBe(2);
    expect(printed.text).toMatch(/expected settings in .*generate\.json, got "\["/);
  });

  test('a grid is a new PNG file, or one that may be replaced', async () => {
    const grid = at('once.png');
    const one = (...argv: string[]) => generate('--net', net, '--seeds', '0', ...argv);
    expect(await one('--grid', grid), printed.text).toBe(0);
    expect(await one('--grid', grid)).toBe(2);
    expect(printed.text).toMatch(/--grid: expected a new file, got .*once\.png, which is there already/);
    expect(await one('--grid', grid, '--overwrite'), printed.text).toBe(0);
    for (const name of ['x.jpg', 'x.JPEG', 'x.webp', 'x']) {
      expect(await one('--grid', at(name))).toBe(2);
      expect(printed.text).toMatch(/--grid: expected a file name ending in \.png/);
      expect(existsSync(at(name))).toBe(false);
    }
    expect(await one('--dest', at('by-another-name')), printed.text).toBe(0);
    expect(readdirSync(at('by-another-name'))).toContain('000000.png');
  });

  test('a grid: all images in one picture, a row for each class', async () => {
    const grid = at('pictures', 'grid.png');
    expect(
      await generate('--net', net, '--grid', grid, '--class', '0-3', '--columns', '5', '--seeds', '0-19'),
      printed.text,
    ).toBe(0);
    const { width, height } = decode(readFileSync(grid));
    expect([width, height]).toEqual([5 * 64 + 4 * 3, 4 * 64 + 3 * 3]);
  });

  test('classes, guidance and its interval each change the image', async () => {
    const draw = async (name: string, ...argv: string[]) => {
      expect(await generate('--net', net, '--outdir', at(name), '--seeds', '7', ...argv), printed.text).toBe(0);
      return image(at(name, '000007.png')).join();
    };
    const pictures = [
      await draw('class-0', '--class', '0'),
      await draw('class-1', '--class', '1'),
      await draw('guided', '--class', '0', '--gnet', uncond, '--guidance', '3'),
      await draw('within', '--class', '0', '--gnet', uncond, '--guidance', '3', '--guidance-interval', '0.5,100'),
      await draw('churned', '--class', '0', '--S_churn', '40', '--S_noise=1.1'),
    ];
    expect(new Set(pictures).size).toBe(pictures.length);
    // NVIDIA's spelling is the same option.
    expect(await draw('sigma', '--class', '0', '--sigma_max', '80')).toBe(pictures[0]);
  });

  test('a guiding network for other images is refused', async () => {
    expect(await generate('--net', net, '--gnet', latent, '--guidance', '2', '--outdir', at('odd'))).toBe(1);
    expect(printed.text).toMatch(/expected a guiding network for 8×8×3 images, got 8×8×4/);
  });

  test('interrupted, it ends with 130, says how to go on, and does', async () => {
    const folder = at('interrupted');
    const ended = generate('--net', net, '--outdir', folder, '--seeds', '0-99', '--batch', '2', '--steps', '8');
    while (!existsSync(join(folder, '000001.png'))) await new Promise((resolve) => setTimeout(resolve, 5));
    process.emit('SIGINT');
    expect(await ended).toBe(130);
    expect(printed.text).toMatch(/Go on with: node \S+ generate .*/);
    const there = readdirSync(folder).filter((name) => name.endsWith('.png')).length;
    expect(there).toBeGreaterThanOrEqual(2);
    expect(there).toBeLessThan(100);
    expect(readdirSync(folder).some((name) => name.endsWith('.tmp'))).toBe(false);
  });
});

describe("NVIDIA's snapshots and latents", () => {
  const pkl = goldenPath('edm2-tiny-rgb-0000262-0.050.pkl');

  test('convert writes safetensors, prints the licence, and both files draw the same', async () => {
    const file = at('converted.safetensors');
    expect(await runProgram(['convert', pkl, '--output', file]), printed.text).toBe(0);
    expect(printed.text).toMatch(/converted\.safetensors +\d+ tensors/);
    expect(printed.text).toMatch(/licence of the weights: CC-BY-NC-SA-4\.0/);
    const converted = await readSafetensors(file);
    expect(converted.metadata).toMatchObject({ license: 'CC-BY-NC-SA-4.0', nimg: '262144' });
    expect(converted.metadata['licenseNotice']).toMatch(/non-commercial purposes, with attribution/);
    await converted.close();
    const draw = async (net: string, name: string) => {
      expect(await generate('--net', net, '--outdir', at(name), '--seeds', '3'), printed.text).toBe(0);
      return image(at(name, '000003.png'));
    };
    const drawn = await draw(file, 'from-safetensors');
    // Whoever draws with them is told too, and may name another licence when converting their own.
    expect(printed.text).toMatch(/licence of the weights: CC-BY-NC-SA-4\.0/);
    expect(drawn).toEqual(await draw(pkl, 'from-pkl'));
    expect(printed.text).toMatch(/licence of the weights: CC-BY-NC-SA-4\.0/);
    expect(await runProgram(['convert', pkl, '--output', at('own.safetensors'), '--license', 'MIT'])).toBe(0);
    const own = await readSafetensors(at('own.safetensors'));
    expect(own.metadata['license']).toBe('MIT');
    expect(own.metadata).not.toHaveProperty('licenseNotice');
    await own.close();
    expect(await runProgram(['convert', net])).toBe(2);
  });

  test('latents are decoded by the VAE: larger images, RGB', async () => {
    const vae = dirname(goldenPath('vae-tiny/config.json'));
    expect(
      await generate('--net', latent, '--vae', vae, '--outdir', at('decoded'), '--seeds', '0-4'),
      printed.text,
    ).toBe(0);
    const { width, height, channels, data } = decode(readFileSync(at('decoded', '000004.png')));
    expect([width, height, channels]).toEqual([64, 64, 3]);
    expect(new Set(data).size).toBeGreaterThan(10);
    const odd = await network('odd', { imgChannels: 5 });
    expect(await generate('--net', odd, '--vae', vae, '--outdir', at('odd-vae'))).toBe(2);
    expect(printed.text).toMatch(/--vae: expected an autoencoder of 5 latent channels/);
  });
});

test('presets lists names, files and scores', async () => {
  expect(await runProgram(['presets'])).toBe(0);
  expect(printed.text).toMatch(/edm2-img512-xxl-guid-fid +FID 1\.81 +edm2-img512-xxl-0939524-0\.015\.pkl/);
});

test('a damaged network is named', async () => {
  mkdirSync(at('damaged'));
  const file = at('damaged', 'net.safetensors');
  writeFileSync(file, readFileSync(net).subarray(0, -20));
  expect(await generate('--net', file, '--outdir', at('never'))).toBe(1);
  expect(printed.text).toMatch(/net\.safetensors/);
  expect(existsSync(at('never'))).toBe(false);
});
