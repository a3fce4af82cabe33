import '@tensorflow/tfjs';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { openDataset } from '@edm2/dataset';
import { hashAutoencoder, saveRawStatistics } from '@edm2/latent-vae/node';
import { goldenPath, maxAbsoluteError, relativeError } from '@edm2/test-support';
import { encode as encodePng } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runProgram } from './program.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-dataset-tool-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (...names: string[]): string => join(scratch, ...names);
const VAE = dirname(goldenPath('vae-tiny/config.json'));
const RGB = goldenPath('dataset-tiny-rgb.zip');

const printed = keepPrinted();

const latents = at('latents.zip');
beforeAll(async () => {
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  expect(await runProgram(['encode', '--source', RGB, '--dest', latents, '--vae', VAE, '--batch', '2'])).toBe(0);
  vi.restoreAllMocks();
});

test('encode writes what the published tool writes of the same images with the same autoencoder', async () => {
  const [ours, theirs] = [await openDataset(latents), await openDataset(goldenPath('dataset-tiny-sd.zip'))];
  expect(ours).toMatchObject({ length: 5, resolution: 8, channels: 8, labelDim: 3 });
  for (let i = 0; i < 5; i++) {
    expect(ours.name(i)).toBe(theirs.name(i));
    expect(ours.classOf(i)).toBe(theirs.classOf(i));
    // Another float32 engine.
    expect(relativeError(await ours.read(i), await theirs.read(i))).toBeLessThan(1e-5);
  }
  const { latents: noted } = ours.notes ?? {};
  const { vae, sha256, normalizer } = noted as { vae: string; sha256: string; normalizer: { rawMean: number[] } };
  expect([vae, sha256]).toEqual(['vae-tiny', await hashAutoencoder(VAE)]);
  const statistics = JSON.parse(readFileSync(at('latents.raw-statistics.json'), 'utf8'));
  // Not Stable Diffusion's widths: its own statistics.
  expect(normalizer.rawMean).toEqual(statistics.rawMean);
  expect(statistics.pixels).toBe(5 * 64);
  await Promise.all([ours.close(), theirs.close()]);
});

test('statistics beside the autoencoder standardise, where they are its own', async () => {
  const vae = at('mine');
  cpSync(VAE, vae, { recursive: true });
  const argv = ['encode', '--source', RGB, '--vae', vae, '--statistics', 'autoencoder'];
  const encode = (dest: string) => runProgram([...argv, '--dest', at(dest)]);
  expect(await encode('none.zip')).toBe(2);
  expect(printed.text).toMatch(/--statistics: expected raw-statistics\.json beside the weights of .*mine, got none/);
  const own = {
    rawMean: [1, 2, 3, 4],
    rawStd: [1, 1, 2, 2],
    meanOnlyStd: [1, 1, 1, 1],
    noiseShare: [0, 0, 0, 0],
    pixels: 9,
  };
  await saveRawStatistics(vae, own, { vae: 'other', sha256: '0'.repeat(64) });
  expect(await encode('none.zip')).toBe(2);
  expect(printed.text).toMatch(
    /statistics of mine \(SHA-256 .*\), got those of other \(SHA-256 of its weights 000000000000…\)/,
  );
  await saveRawStatistics(vae, { ...own, rawMean: [1], rawStd: [1], meanOnlyStd: [1], noiseShare: [0] });
  expect(await encode('none.zip')).toBe(2);
  expect(printed.text).toMatch(/statistics of the 4 latent channels of .*, got those beside it of 1/);
  expect(existsSync(at('none.zip')) || existsSync(at('none.zip.partial'))).toBe(false);
  await saveRawStatistics(vae, own, { vae: 'mine', sha256: await hashAutoencoder(VAE) });
  expect(await encode('own.zip'), printed.text).toBe(0);
  const dataset = await openDataset(at('own.zip'));
  expect(dataset.notes?.['latents']).toMatchObject({ normalizer: { rawMean: own.rawMean, rawStd: own.rawStd } });
  await dataset.close();
  expect(printed.text).toMatch(/training standardises by the statistics beside the autoencoder/);
});

test('decode gives the images that the autoencoder makes of the means, with their labels', async () => {
  cpSync(VAE, at('vae-tiny'), { recursive: true });
  const back = at('back');
  // Found beside the dataset, under the name that it gives.
  expect(await runProgram(['decode', '--source', latents, '--dest', back]), printed.text).toBe(0);
  const { loadAutoencoder } = await import('@edm2/latent-vae/node');
  const tf = await import('@tensorflow/tfjs-core');
  const { vae, params } = await loadAutoencoder(VAE);
  const [images, raw] = [await openDataset(back), await openDataset(latents)];
  expect(images).toMatchObject({ length: 5, resolution: 64, channels: 3, labelDim: 3 });
  const first = await raw.read(0);
  const expected = await tf
    .tidy(() => {
      const means = tf.slice(tf.tensor4d(first, [1, 8, 8, 8], 'float32'), [0, 0, 0, 0], [-1, -1, -1, 4]);
      return tf.floor(
        tf.mul(tf.clipByValue(vae.decode(params, means as import('@tensorflow/tfjs-core').Tensor4D), 0, 1), 255),
      );
    })
    .data();
  const pixels = await images.read(0);
  // Truncated: float32 may land on the other side of an integer.
  expect(maxAbsoluteError(pixels, expected)).toBeLessThanOrEqual(1);
  expect([...pixels].filter((value, i) => value !== expected[i]).length).toBeLessThan(25);
  await Promise.all([images.close(), raw.close()]);
});

test('an interrupted encode keeps what it has and goes on to the same file', async () => {
  const dest = at('resumed.zip');
  const argv = ['encode', '--source', RGB, '--dest', dest, '--vae', VAE, '--batch', '1'];
  const ended = runProgram(argv);
  while (!existsSync(`${dest}.partial/00000`) || readdirSync(`${dest}.partial/00000`).length < 2)
    await new Promise((resolve) => setTimeout(resolve, 1));
  process.emit('SIGINT');
  expect(await ended, printed.text).toBe(130);
  expect(printed.text).toMatch(/waits in .*resumed\.zip\.partial.*Go on with the same command/);
  expect(existsSync(dest)).toBe(false);
  expect(await runProgram(argv), printed.text).toBe(0);
  expect(printed.text).toMatch(/going on: \d of 5 images are encoded already/);
  const [resumed, whole] = [await openDataset(dest), await openDataset(latents)];
  for (let i = 0; i < 5; i++) expect(relativeError(await resumed.read(i), await whole.read(i))).toBeLessThan(1e-5);
  await Promise.all([resumed.close(), whole.close()]);
  expect(existsSync(`${dest}.partial`)).toBe(false);
});

test('info and stats say what there is', async () => {
  expect(await runProgram(['info', latents, '--verify'])).toBe(0);
  expect(printed.text).toMatch(/holds {12}5 latents of 8×8, 8 channels, in a zip\n/);
  expect(printed.text).toMatch(/labels {11}3 classes from dataset\.json\n/);
  expect(printed.text).toMatch(/left out {9}nothing\n/);
  expect(printed.text).toMatch(/checked {10}every file decodes\n/);
  expect(printed.text).toMatch(/autoencoder {6}vae-tiny \(SHA-256/);
  expect(printed.text).toMatch(/measured over 320 latent pixels/);
  printed.text = '';
  expect(await runProgram(['info', RGB, '--json'])).toBe(0);
  expect(JSON.parse(printed.text)).toMatchObject({
    length: 5,
    resolution: 64,
    labelDim: 3,
    report: { root: '', passedOver: [], labels: { from: 'dataset.json' } },
    conversions: [],
  });
  cpSync(goldenPath('dataset-tiny-sd.zip'), at('theirs.zip'));
  expect(await runProgram(['stats', at('theirs.zip')])).toBe(0);
  const { rawStd } = JSON.parse(readFileSync(at('theirs.raw-statistics.json'), 'utf8'));
  const ours = JSON.parse(readFileSync(at('latents.raw-statistics.json'), 'utf8'));
  expect(relativeError(rawStd, ours.rawStd)).toBeLessThan(1e-5);
  expect(printed.text).not.toMatch(/in the place of/);
  expect(await runProgram(['stats', at('theirs.zip')])).toBe(0);
  expect(printed.text).toMatch(/theirs\.raw-statistics\.json, replacing the earlier ones/);
});

test('info says what was decided: conversions, labels, files left out; errors name options that it has', async () => {
  const put = (name: string, content: Uint8Array | string): void => {
    mkdirSync(dirname(at('mixed', name)), { recursive: true });
    writeFileSync(at('mixed', name), content);
  };
  const png = (channels: 1 | 3 | 4) =>
    encodePng({ width: 8, height: 8, channels, depth: 8, data: new Uint8Array(64 * channels).fill(9) });
  put('wrap/cat/1.png', png(1));
  put('wrap/cat/2.png', png(4));
  put('wrap/dog/1.png', png(3));
  put('wrap/dog/2.jp2', '\0\0\0\x0cjP  ');
  expect(await runProgram(['info', at('mixed')])).toBe(0);
  expect(printed.text).toContain(
    'holds            3 images of 8×8, RGB, in a folder, below wrap/; 1: transparency dropped (wrap/cat/2.png); 1: grey read as RGB (wrap/cat/1.png)\n',
  );
  expect(printed.text).toContain('labels           2 classes by folder: cat, dog\n');
  expect(printed.text).toContain(
    'left out         1 file: 1 .jp2 (wrap/dog/2.jp2: a JPEG 2000 image, which is not read)\n',
  );
  printed.text = '';
  put('train/1.png', png(3));
  put('val/1.png', png(3));
  expect(await runProgram(['info', at('mixed')])).toBe(1);
  expect(printed.text).toContain(`Choose one: ${at('mixed', 'train')}, or ${at('mixed', 'val')}`);
  expect(printed.text).not.toMatch(/openDataset\(/);
});

describe('one clear message, and nothing is written', () => {
  const dest = at('never.zip');
  const folder = (name: string, side: number): string => {
    mkdirSync(at(name), { recursive: true });
    writeFileSync(
      at(name, '0.png'),
      encodePng({ width: side, height: side, channels: 3, depth: 8, data: new Uint8Array(side * side * 3) }),
    );
    return at(name);
  };
  const photos = (): string => {
    mkdirSync(at('photos'), { recursive: true });
    for (const [width, height] of [
      [70, 50],
      [90, 40],
    ] as const) {
      const png = encodePng({ width, height, channels: 3, depth: 8, data: new Uint8Array(width * height * 3) });
      writeFileSync(at('photos', `${width}.png`), png);
    }
    return at('photos');
  };
  const other = (): string => {
    cpSync(VAE, at('other', 'vae-tiny'), { recursive: true });
    const weights = at('other', 'vae-tiny', 'diffusion_pytorch_model.safetensors');
    const bytes = readFileSync(weights);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(weights, bytes);
    return at('other', 'vae-tiny');
  };
  test.each<[string, number, () => string[], RegExp]>([
    ['no source', 2, () => ['encode', '--dest', dest], /--source: expected a folder or zip/],
    ['no destination', 2, () => ['encode', '--source', RGB], /--dest: expected/],
    [
      'no autoencoder',
      2,
      () => ['encode', '--source', RGB, '--dest', dest],
      /--vae: expected an autoencoder, got nothing/,
    ],
    [
      'a folder without one',
      2,
      () => ['encode', '--source', RGB, '--dest', dest, '--vae', folder('png', 8)],
      /--vae: expected an autoencoder's weights in .*png .*, got 0\.png\. Name a diffusers folder/,
    ],
    [
      'latents to encode',
      2,
      () => ['encode', '--source', goldenPath('dataset-tiny-sd.zip'), '--dest', dest, '--vae', VAE],
      /encoded already/,
    ],
    [
      'photographs, with the command that makes them square',
      2,
      () => ['encode', '--source', photos(), '--dest', dest, '--vae', VAE],
      /--source: expected square images of one size, .* got images of 70×50 to 90×40 in .*Convert them, then name photos-32\.zip: .*convert --source .*photos --dest photos-32\.zip --transform center-crop-dhariwal --resolution 32x32/,
    ],
    [
      'images below one latent',
      2,
      () => ['encode', '--source', folder('small', 4), '--dest', dest, '--vae', VAE],
      /at least 8×8, got 4×4/,
    ],
    [
      'images to decode',
      2,
      () => ['decode', '--source', RGB, '--dest', dest, '--vae', VAE],
      /expected latents .*, got images/,
    ],
    [
      'a destination that is there',
      2,
      () => ['encode', '--source', RGB, '--dest', latents, '--vae', VAE],
      /which is there already/,
    ],
    [
      'another autoencoder of that name',
      2,
      () => ['decode', '--source', latents, '--dest', dest, '--vae', other()],
      /vae-tiny \(SHA-256 of its weights \w+…\), got .*other\/vae-tiny, whose weights are \w+….*--any-vae/,
    ],
    [
      'nothing to read',
      2,
      () => ['encode', '--source', at('gone'), '--dest', dest, '--vae', VAE],
      /--source: expected a folder or zip, got nothing at .*gone\. Check the name/,
    ],
    ['images without end', 2, () => ['encode', '--batch', '1e9'], /--batch.*from 1 to 1,024: a larger batch/],
    ['any autoencoder, and none named', 2, () => ['decode', '--any-vae'], /--any-vae: expected --vae as well/],
    ['two destinations', 2, () => ['encode', '--dest', 'a', '--outdir', 'b'], /another name of --dest, which says a/],
    ['a missing folder', 1, () => ['info', at('nowhere')], /nowhere/],
  ])('%s', async (_, code, argv, message) => {
    expect(await runProgram(argv()), printed.text).toBe(code);
    expect(printed.text).toMatch(message);
    expect(existsSync(dest)).toBe(false);
  });

  test('an autoencoder that is nowhere', async () => {
    cpSync(latents, at('alone', 'deep', 'latents.zip'));
    expect(await runProgram(['decode', '--source', at('alone', 'deep', 'latents.zip'), '--dest', dest])).toBe(2);
    expect(printed.text).toMatch(/got none at vae-tiny or .*Name its diffusers folder, or its file, with --vae/);
  });

  test('another autoencoder, on purpose', async () => {
    const argv = ['decode', '--source', latents, '--dest', at('any'), '--vae', other(), '--any-vae'];
    expect(await runProgram(argv), printed.text).toBe(0);
  });
});
