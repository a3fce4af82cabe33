import '@tensorflow/tfjs';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reconstructFiles } from '@edm2/phema/node';
import { heun, karrasSchedule, seedClass, seedNoise } from '@edm2/sampler';
import * as tf from '@tensorflow/tfjs-core';
import { type Model, type ModelSampleOptions, OptionError, open } from 'edm2';
import { decode } from 'fast-png';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { writeNetwork, writeRun } from './run.fixture.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-open-'));
const at = (...names: string[]): string => join(scratch, ...names);
const NET = at('net.safetensors');
const FAST = { engine: 'onnxruntime', threads: 1 } as const;
const opened: Model[] = [];

beforeAll(async () => {
  await writeRun(at('run'));
  await writeNetwork(NET);
  await writeNetwork(at('uncond.safetensors'), { labelDim: 0, seed: 2 });
  await writeNetwork(at('latent.safetensors'), { imgChannels: 4 });
});
afterEach(() => {
  for (const model of opened.splice(0)) model.dispose();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function openFast(...[path, options]: Parameters<typeof open>): Promise<Model> {
  const model = await open(path, { ...FAST, ...options });
  opened.push(model);
  return model;
}

async function draw(model: Model, options: ModelSampleOptions): Promise<Map<number, Uint8Array>> {
  const images = new Map<number, Uint8Array>();
  for await (const { seeds, images: pixels, shape } of model.sample({ steps: 3, ...options })) {
    expect(shape).toEqual([seeds.length, 8, 8, 1]);
    const size = pixels.length / seeds.length;
    for (const [i, seed] of seeds.entries()) images.set(seed, pixels.slice(i * size, (i + 1) * size));
  }
  return images;
}

const alike = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a !== undefined && b !== undefined && Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? 0)))) <= 1;

test('says what the network is, and frees all of it', async () => {
  const model = await openFast(NET);
  expect(model).toMatchObject({ path: NET, how: undefined, classes: 4, sigmaData: 0.5, warnings: [] });
  expect(model.config.imgResolution).toBe(8);
  expect(model.metadata['config']).toMatch(/imgResolution/);
  await draw(model, { seeds: [0] });
  const { numTensors } = tf.memory();
  await draw(model, { seeds: [0, 1, 2], batch: 2 });
  expect(tf.memory().numTensors).toBe(numTensors);
});

test('a seed is the image that sampler, schedule and denoiser give by hand', async () => {
  const model = await openFast(NET);
  const [image] = (await draw(model, { seeds: [5] })).values();
  const noise = tf.tensor(seedNoise(5, [8, 8, 1]), [1, 8, 8, 1]);
  const labels = tf.oneHot(tf.tensor1d([seedClass(5, 4)], 'int32'), 4).toFloat();
  const sigmas = karrasSchedule({ steps: 3 });
  const drawn = await (await heun(model.denoiser, noise, { sigmas, labels })).data();
  const pixels = Uint8Array.from(drawn, (v) => Math.min(255, Math.max(0, Math.round(v * 127.5 + 127.5))));
  expect(alike(image, pixels)).toBe(true);
  expect(new Set(pixels).size).toBeGreaterThan(5);
});

test('an image depends on its seed and class alone: not on batch, order or company', async () => {
  const model = await openFast(NET);
  const all = await draw(model, { seeds: [0, 1, 2, 3, 4], classes: 2 });
  const some = await draw(model, { seeds: [4, 1], classes: [2, 2], batch: 1 });
  for (const seed of [1, 4]) expect(alike(some.get(seed), all.get(seed)), String(seed)).toBe(true);
  const others = await draw(model, { seeds: [1, 4], classes: (seed) => (seed === 1 ? 3 : 2) });
  expect(alike(others.get(4), all.get(4))).toBe(true);
  expect(alike(others.get(1), all.get(1))).toBe(false);
});

test('labels: a row of one is its class, and mixtures are neither', async () => {
  const model = await openFast(NET);
  const classes = await draw(model, { seeds: [0, 1], classes: [3, 0] });
  const rows = [
    [0, 0, 0, 1],
    [1, 0, 0, 0],
  ];
  expect(await draw(model, { seeds: [0, 1], labels: rows })).toEqual(classes);
  const mixed = await draw(model, { seeds: [0, 1], labels: () => [0.5, 0, 0, 0.5] });
  expect(alike(mixed.get(0), classes.get(0))).toBe(false);
});

describe('a run', () => {
  test('is opened at its last time, by its shortest average or the one asked for', async () => {
    const model = await openFast(at('run'));
    expect(model.path).toBe(at('run', 'network-snapshot-0000002-0.050.safetensors'));
    expect(model.how).toMatch(/^EMA length 0\.05 of .*run, stored after 2,048 images$/);
    const long = await openFast(at('run'), { sigmaRel: 0.1 });
    expect(long.path).toBe(at('run', 'network-snapshot-0000002-0.100.safetensors'));
  });

  test('gives an average of any length, the one that phema makes, and leaves nothing behind', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('edm2-average-'));
    const model = await openFast(at('run'), { sigmaRel: 0.08 });
    expect(model.how).toMatch(/^EMA length 0\.08 of .*run, reconstructed after 2,048 images$/);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('edm2-average-'))).toEqual(before);
    expect(existsSync(model.path)).toBe(false);
    const { outputs } = await reconstructFiles({ input: at('run'), output: at('ema'), sigmaRels: [0.08] });
    const same = await openFast(outputs[0]?.path ?? '');
    expect(await draw(model, { seeds: [0, 1] })).toEqual(await draw(same, { seeds: [0, 1] }));
    expect(await draw(model, { seeds: [0, 1] })).not.toEqual(await draw(await openFast(at('run')), { seeds: [0, 1] }));
  });

  test('says what is wrong where an average cannot be had', async () => {
    await expect(openFast(at('run'), { sigmaRel: 0.9 })).rejects.toThrow(/above 0 and below 0.2887, got 0.9/);
    await expect(openFast(NET, { sigmaRel: 0.1 })).rejects.toThrow(
      /^open: expected a run's folder beside it, got the file .*Name the folder, or leave \{ sigmaRel \} out\.$/,
    );
  });
});

test('an installed package of networks is opened by its name', async () => {
  const home = at('project', 'node_modules', '@edm2', 'scribbles');
  await writeRun(join(home, 'weights'));
  const manifest = { name: '@edm2/scribbles', version: '1.0.0', edm2: { networks: 'weights', sigmaRel: 0.1 } };
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
  const before = process.cwd();
  process.chdir(at('project'));
  try {
    const model = await openFast('scribbles');
    expect(model.how).toMatch(/^EMA length 0\.1 of @edm2\/scribbles, stored/);
    // What lies in the working directory comes first.
    mkdirSync('scribbles');
    await expect(openFast('scribbles')).rejects.toThrow(/got the folder scribbles, which holds none/);
    await expect(openFast('squiggles')).rejects.toThrow(/^open: expected a network snapshot, .* got nothing at squigg/);
  } finally {
    process.chdir(before);
  }
});

describe('guidance', () => {
  test('moves images by its weight, and not at all by 1', async () => {
    const model = await openFast(NET);
    const away = await openFast(at('uncond.safetensors'));
    const plain = await draw(model, { seeds: [3] });
    expect(await draw(model, { seeds: [3], guidance: { model: away, weight: 1 } })).toEqual(plain);
    const led = await draw(model, { seeds: [3], guidance: { model: away, weight: 3 } });
    expect(alike(led.get(3), plain.get(3))).toBe(false);
    const nowhere = await draw(model, { seeds: [3], guidance: { model: away, weight: 3, interval: [100, 200] } });
    expect(alike(nowhere.get(3), plain.get(3))).toBe(true);
  });

  test('by a network for other images is refused', async () => {
    const model = await openFast(NET);
    const away = await openFast(at('latent.safetensors'));
    await expect(draw(model, { seeds: [3], guidance: { model: away, weight: 3 } })).rejects.toThrow(/8×8×4/);
  });
});

test('latents are opened, and say what they need when they are drawn', async () => {
  const model = await openFast(at('latent.safetensors'));
  const wanted =
    /^open: expected the autoencoder of .*latent\.safetensors.* Name its diffusers folder.* with \{ vae \}\.$/;
  await expect(draw(model, { seeds: [0] })).rejects.toThrow(wanted);
  await expect(openFast(at('latent.safetensors'), { vae: at('run') })).rejects.toThrow(/^open: expected an autoenc/);
  await expect(openFast(NET, { vae: at('run') })).rejects.toThrow(/expected a network that makes latents beside/);
});

test('writes a grid and single images, and replaces nothing unasked', async () => {
  const model = await openFast(NET);
  const options = { seeds: [0, 1, 2, 123], classes: 1, steps: 2 };
  await model.saveGrid(at('out', 'grid.png'), { ...options, columns: 4 });
  expect(decode(readFileSync(at('out', 'grid.png')))).toMatchObject({ width: 4 * 67 - 3, height: 64, channels: 1 });
  const paths = await model.saveImages(at('out', 'images'), options);
  expect(paths).toEqual(['000000', '000001', '000002', '000123'].map((n) => at('out', 'images', `${n}.png`)));
  const images = await draw(model, options);
  for (const [i, seed] of options.seeds.entries())
    expect(decode(readFileSync(paths[i] ?? '')).data, String(seed)).toEqual(images.get(seed));
  await expect(model.saveGrid(at('out', 'grid.png'), options)).rejects.toThrow(/pass \{ overwrite: true \}/);
  await expect(model.saveImages(at('out', 'images'), options)).rejects.toThrow(/000000\.png, which is there already/);
  await model.saveGrid(at('out', 'grid.png'), { ...options, columns: 2, overwrite: true });
  expect(decode(readFileSync(at('out', 'grid.png'))).width).toBe(2 * 67 - 3);
});

test('stops when it is told to', async () => {
  const model = await openFast(NET);
  const controller = new AbortController();
  const drawing = draw(model, {
    seeds: [0, 1, 2, 3],
    batch: 1,
    signal: controller.signal,
    onProgress: (done) => done >= 2 && controller.abort(new Error('enough')),
  });
  await expect(drawing).rejects.toThrow('enough');
});

describe('refuses', () => {
  const wrong: [string, Partial<ModelSampleOptions>, RegExp][] = [
    ['no seeds', { seeds: [] }, /^sample: expected \{ seeds/],
    ['a seed below 0', { seeds: [-1] }, /seeds to be whole numbers ≥ 0, got -1/],
    ['a seed twice', { seeds: [1, 1] }, /each seed once/],
    ['a class that is none', { classes: 4 }, /classes from 0 to 3, got 4 for seed 0/],
    ['too few classes', { seeds: [0, 1], classes: [1] }, /classes for each of 2 seeds, got 1/],
    ['classes and labels', { classes: 1, labels: [[1, 0, 0, 0]] }, /classes or labels, got both/],
    ['labels of another length', { labels: [[1, 0]] }, /4/],
    ['a solver that is none', { solver: 'hune' as 'heun' }, /heun, euler, dpmpp2m, got hune/],
    ['an unknown option', { clases: 1 } as object, /got clases. Did you mean classes\?/],
  ];
  test.each(wrong)('%s', async (_, options, message) => {
    const model = await openFast(NET);
    await expect(draw(model, { seeds: [0], ...options })).rejects.toThrow(message);
  });

  test('classes of a network without any', async () => {
    const model = await openFast(at('uncond.safetensors'));
    expect(model.classes).toBe(0);
    expect((await draw(model, { seeds: [0] })).size).toBe(1);
    await expect(draw(model, { seeds: [0], classes: 1 })).rejects.toThrow(OptionError);
  });

  test('options of open that there are not', async () => {
    await expect(open(NET, { sigmarel: 1 } as object)).rejects.toThrow(/Did you mean sigmaRel\?/);
    await expect(open(NET, { engine: 'onnx' as 'auto' })).rejects.toThrow(/expected auto, /);
  });
});
