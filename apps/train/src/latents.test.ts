import '@tensorflow/tfjs';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { createAutoencoderTiny, readLatentMetadata } from '@edm2/latent-vae';
import { hashAutoencoder } from '@edm2/latent-vae/node';
import { createRandom } from '@edm2/random';
import { readSafetensors, writeSafetensors } from '@edm2/tensor-files';
import { toFileShape } from '@edm2/tensor-files/tfjs';
import { goldenPath } from '@edm2/test-support';
import { decode, encode } from 'fast-png';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
// A test may use other apps; the apps themselves do not import each other.
import { runProgram as datasetTool } from '../../dataset-tool/src/program.js';
import { runProgram as evaluate } from '../../evaluate/src/program.js';
import { runProgram as train } from './program.js';

// LATENTS_OUT keeps the pictures for a look.
const scratch = process.env['LATENTS_OUT'] || mkdtempSync(join(tmpdir(), 'edm2-latents-'));
afterAll(() => {
  if (!process.env['LATENTS_OUT']) rmSync(scratch, { recursive: true, force: true });
});
const at = (...names: string[]): string => join(scratch, ...names);
const VAE = dirname(goldenPath('vae-tiny/config.json'));

const printed = keepPrinted();

/** A preset's network is more than these tests need: four channels of 4×4 latents. */
const SHORT = ['--preset', 'mnist', '--duration', '1000', '--batch', '100', '--preview', '1000'];
/** An AutoencoderTiny with the latents of the golden autoencoder. */
const TINY = {
  _class_name: 'AutoencoderTiny',
  encoder_block_out_channels: [8, 8, 8, 8],
  decoder_block_out_channels: [8, 8, 8, 8],
  num_encoder_blocks: [1, 1, 1, 1],
  num_decoder_blocks: [1, 1, 1, 1],
};
const data = at('data', 'latents.zip');
const run = at('run');

beforeAll(async () => {
  printed.listen();
  const random = createRandom(1);
  for (let i = 0; i < 32; i++) {
    mkdirSync(at('images', String(i % 2)), { recursive: true });
    const pixels = Uint8Array.from(random.stream('image', i).integers(32 * 32 * 3, 256));
    writeFileSync(
      at('images', String(i % 2), `${i}.png`),
      encode({ width: 32, height: 32, channels: 3, depth: 8, data: pixels }),
    );
  }
  mkdirSync(at('data'));
  cpSync(VAE, at('data', 'vae-tiny'), { recursive: true });
  expect(await datasetTool(['encode', '--source', at('images'), '--dest', data, '--vae', VAE]), printed.text).toBe(0);
  expect(await train(['--data', data, '--outdir', run, ...SHORT]), printed.text).toBe(0);
  vi.restoreAllMocks();
});

const snapshot = (): string => at('run', readdirSync(run).find((name) => /^network-.*-0\.100/.test(name)) ?? '');

test('a run’s files name the autoencoder of its latents, and so does what is averaged from them', async () => {
  const config = JSON.parse(readFileSync(at('run', 'config.json'), 'utf8'));
  expect(config.network).toMatchObject({ imgResolution: 4, imgChannels: 4, labelDim: 2 });
  const { rawMean, rawStd } = JSON.parse(readFileSync(at('data', 'latents.raw-statistics.json'), 'utf8'));
  const expected = {
    vae: 'vae-tiny',
    sha256: await hashAutoencoder(VAE),
    normalizer: { rawMean, rawStd, finalMean: 0, finalStd: 0.5 },
  };
  expect(config.latents).toEqual({ ...expected, posterior: 'sample' });
  const argv = ['reconstruct', '--indir', run, '--outdir', at('averages'), '--outstd', '0.07'];
  expect(await evaluate(argv), printed.text).toBe(0);
  const averaged = readdirSync(at('averages')).find((name) => name.endsWith('.safetensors')) ?? '';
  for (const path of [snapshot(), at('run', 'training-state-0000001.safetensors'), at('averages', averaged)]) {
    const file = await readSafetensors(path);
    expect(readLatentMetadata(file.metadata), path).toEqual(expected);
    await file.close();
  }
});

test('previews and generated images are decoded with it, found beside the data or named', async () => {
  const preview = decode(readFileSync(at('run', 'previews', '0000001.png')));
  // Two rows of four images of 32×32, twice as large, three pixels between them.
  expect([preview.width, preview.height, preview.channels]).toEqual([4 * 64 + 9, 2 * 64 + 3, 3]);
  const argv = ['generate', '--net', snapshot(), '--outdir', at('generated'), '--seeds', '0-4', '--steps', '3'];
  expect(await evaluate(argv)).toBe(2);
  expect(printed.text).toMatch(
    /--vae: expected the autoencoder of .*, vae-tiny \(SHA-256 of its weights .*got none at .*Name its diffusers folder, or its file, with --vae/,
  );
  expect(await evaluate([...argv, '--vae', VAE]), printed.text).toBe(0);
  const image = decode(readFileSync(at('generated', '000003.png')));
  expect([image.width, image.height, image.channels]).toEqual([32, 32, 3]);
  // Decoded and not constant.
  expect(new Set(image.data).size).toBeGreaterThan(16);
});

test('a tiny autoencoder decodes previews in its place', async () => {
  const { parameters } = createAutoencoderTiny(TINY);
  const random = createRandom(5);
  const weights = parameters.map(({ name, shape }) => {
    const size = shape.reduce((product, side) => product * side, 1);
    return [
      name,
      {
        shape: toFileShape(shape),
        data: random
          .stream(name)
          .normal(size)
          .map((x) => x / 4),
      },
    ] as const;
  });
  mkdirSync(at('taesd'));
  await writeSafetensors(at('taesd', 'diffusion_pytorch_model.safetensors'), Object.fromEntries(weights));
  writeFileSync(at('taesd', 'config.json'), JSON.stringify(TINY));
  const argv = ['--data', data, ...SHORT, '--preview-vae', at('taesd')];
  expect(await train([...argv, '--outdir', at('quick')]), printed.text).toBe(0);
  expect(printed.text).toMatch(/previews are decoded with .*taesd/);
  const [quick, slow] = ['quick', 'run'].map((name) => readFileSync(at(name, 'previews', '0000001.png')));
  const [a, b] = [decode(quick ?? Buffer.of()), decode(slow ?? Buffer.of())];
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  expect(quick?.equals(slow ?? Buffer.of())).toBe(false);
  // Nothing else is another.
  const name = 'network-snapshot-0000001-0.100.safetensors';
  expect(readFileSync(at('quick', name)).equals(readFileSync(at('run', name)))).toBe(true);

  writeFileSync(at('taesd', 'config.json'), JSON.stringify({ ...TINY, latent_channels: 16 }));
  expect(await train([...argv, '--outdir', at('never')]), printed.text).toBeGreaterThan(0);
  expect(printed.text).toMatch(/layers\.\d+\.weight of shape \[16,8,3,3\], got \[4,8,3,3\]/);
  const other = goldenPath('vae-variants/taesd');
  expect(await train([...argv.slice(0, -1), other, '--outdir', at('never')])).toBe(2);
  expect(printed.text).toMatch(
    /--preview-vae: expected a tiny autoencoder of 4 latent channels and 8×8 pixels a latent/,
  );
});

test('without the autoencoder a run goes on without previews, and says how to have them', async () => {
  cpSync(data, at('alone', 'here', 'latents.zip'));
  const outdir = at('blind');
  expect(await train(['--data', at('alone', 'here', 'latents.zip'), '--outdir', outdir, ...SHORT]), printed.text).toBe(
    0,
  );
  expect(printed.text).toMatch(
    /no previews: --vae: expected the autoencoder of .*Name its diffusers folder, or its file, with --vae\. Training goes on/,
  );
  expect(existsSync(join(outdir, 'previews', '0000001.png'))).toBe(false);
  // Drawn from the same seed: the same weights, wherever the data lies.
  const name = 'network-snapshot-0000001-0.100.safetensors';
  expect(readFileSync(join(outdir, name)).equals(readFileSync(join(run, name)))).toBe(true);
});

test('means alone train on other values', async () => {
  const outdir = at('means');
  expect(
    await train(['--data', data, '--outdir', outdir, '--posterior', 'mean', '--validation', '0.3', ...SHORT]),
    printed.text,
  ).toBe(0);
  const [line = ''] = readFileSync(join(outdir, 'log.jsonl'), 'utf8').trim().split('\n').slice(-1);
  for (const loss of JSON.parse(line).validation.heldOut) expect(loss).toBeGreaterThan(0);
  const { latents } = JSON.parse(readFileSync(join(outdir, 'config.json'), 'utf8'));
  const { meanOnlyStd } = JSON.parse(readFileSync(at('data', 'latents.raw-statistics.json'), 'utf8'));
  expect(latents).toMatchObject({ posterior: 'mean', normalizer: { rawStd: meanOnlyStd } });
  const name = 'network-snapshot-0000001-0.100.safetensors';
  expect(readFileSync(join(outdir, name)).equals(readFileSync(join(run, name)))).toBe(false);
});

test.each<[string, () => string[], RegExp]>([
  [
    'another autoencoder',
    () => {
      cpSync(VAE, at('other'), { recursive: true });
      const weights = at('other', 'diffusion_pytorch_model.safetensors');
      const bytes = readFileSync(weights);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      writeFileSync(weights, bytes);
      return ['--data', data, '--vae', at('other')];
    },
    /--vae: expected the autoencoder of .*vae-tiny.*whose weights are/,
  ],
  ['an autoencoder for images', () => ['--data', at('images'), '--vae', VAE], /--vae: expected data of latents/],
  ['augmentation of latents', () => ['--data', data, '--augment', '0.1'], /--augment: expected images, got latents/],
  [
    'a posterior of images',
    () => ['--data', at('images'), '--posterior', 'mean'],
    /--posterior: expected data of latents/,
  ],
])('%s: wrong usage, and nothing is written', async (_, argv, message) => {
  const outdir = at('never');
  expect(await train([...argv(), '--outdir', outdir, ...SHORT]), printed.text).toBe(2);
  expect(printed.text).toMatch(message);
  expect(existsSync(outdir)).toBe(false);
});
