import '@tensorflow/tfjs';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { precondition } from '@edm2/edm2-unet';
import { convertSnapshot, loadNetwork, SNAPSHOT_LICENSE, SNAPSHOT_LICENSE_NOTICE } from '@edm2/edm2-unet/node';
import { PickleParseError, readSafetensors } from '@edm2/tensor-files';
import { goldenPath, maxAbsoluteError, readGolden, relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenOptions, goldenTensor } from '../golden-net.js';
import { halfAt, writeSnapshotPickle } from './snapshot.fixture.js';

let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'edm2-snapshot-'));
});
afterAll(() => rm(folder, { recursive: true }));

const golden = readGolden('snapshot');
const FILES = [
  ['network-snapshot-0008388-0.100.pkl', 'a'],
  ['edm2-tiny-rgb-0000262-0.050.pkl', 'b'],
] as const;

describe.each(FILES)('%s', (name, letter) => {
  const output = (params: Awaited<ReturnType<typeof loadNetwork>>): Float32Array => {
    const tensor = (key: string) => goldenTensor(golden.get(`${letter}-out.${key}`));
    const labels = golden.has(`${letter}-out.labels`) ? tensor('labels') : undefined;
    return precondition(params.unet)(params.params)(
      tensor('x') as tf.Tensor4D,
      tensor('sigma'),
      labels,
    ).dataSync<'float32'>();
  };
  const expected = (key: string) => goldenTensor(golden.get(`${letter}-out.${key}`)).dataSync();

  it('loads, and computes what the reference does', async () => {
    const loaded = await loadNetwork(goldenPath(name));
    expect(loaded.unet.config).toMatchObject(goldenOptions(golden, `config_${letter}`));
    const denoised = output(loaded);
    // Weights widened before anything else, as we do: float32 rounding only.
    expect(relativeError(denoised, expected('denoised'))).toBeLessThan(1e-5);
    // As the published code runs a loaded pickle: gains divided in float16.
    expect(relativeError(denoised, expected('denoised_asloaded'))).toBeLessThan(1e-3);
    expect(maxAbsoluteError(denoised, expected('denoised_asloaded'))).toBeGreaterThan(0);
  });

  it('converts to a file of the same bits that gives the same network', async () => {
    const path = join(folder, `${letter}.safetensors`);
    const progress: number[] = [];
    const converted = await convertSnapshot({
      input: goldenPath(name),
      output: path,
      onProgress: ({ bytesRead, bytesTotal }) => progress.push(bytesRead / bytesTotal),
    });
    expect(progress.at(-1)).toBe(1);
    const [file, reference] = [await readSafetensors(path), await readSafetensors(goldenPath('snapshot.safetensors'))];
    const names = reference.names.filter((each) => each.startsWith(`${letter}.`));
    expect(file.names.map((each) => `${letter}.${each}`).sort()).toEqual(names.sort());
    for (const each of file.names) expect(await file.read(each)).toEqual(await reference.read(`${letter}.${each}`));
    expect(converted).toMatchObject({ tensors: names.length, license: SNAPSHOT_LICENSE });
    expect(await file.verify()).toBe(true);
    await file.close();
    await reference.close();
    expect(output(await loadNetwork(path))).toEqual(output(await loadNetwork(goldenPath(name))));
  });
});

it('a converted file says where it comes from, what it needs and what its licence asks', async () => {
  const [[latent], [rgb]] = FILES;
  const { metadata } = await convertSnapshot({ input: goldenPath(latent), output: join(folder, 'm.safetensors') });
  expect(metadata).toMatchObject({
    dtype: 'F16',
    sigmaRel: '0.1',
    nimg: '8388608',
    encoder: 'StabilityVAEEncoder',
    vae: 'stabilityai/sd-vae-ft-mse',
    license: 'CC-BY-NC-SA-4.0',
    licenseNotice: SNAPSHOT_LICENSE_NOTICE,
  });
  expect(JSON.parse(metadata['encoderScale'] ?? '')).toEqual(JSON.parse(golden.metadata['encoder_a'] ?? '').scale);
  const own = await convertSnapshot({
    input: goldenPath(rgb),
    output: join(folder, 'own.safetensors'),
    dtype: 'F32',
    license: 'MIT',
  });
  expect(own.metadata).toMatchObject({ dtype: 'F32', license: 'MIT', nimg: '262144', encoder: 'StandardRGBEncoder' });
  expect(own.metadata).not.toHaveProperty('licenseNotice');
  const file = await readSafetensors(join(folder, 'own.safetensors'));
  expect(new Set([...file.entries.values()].map(({ dtype }) => dtype))).toEqual(new Set(['F32']));
  await file.close();
});

it('a large snapshot is converted in little memory, whatever its size', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const [input, output] = [join(folder, 'large-0000001-0.100.pkl'), join(folder, 'large.safetensors')];
  const values = await writeSnapshotPickle(input, {
    config: 'G',
    imgResolution: 16,
    imgChannels: 4,
    modelChannels: 64,
  });
  const { size } = await stat(input);
  expect(size).toBeGreaterThan(50e6);
  collect();
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  let calls = 0;
  const converted = await convertSnapshot({
    input,
    output,
    onProgress: () => {
      if (calls++ % 8 !== 0) return;
      collect();
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    },
  });
  expect(converted.values).toBe(values);
  // Pieces of 2 MB under way, a window for instructions, and what a busy collector has not got to yet; never the file.
  expect(peak).toBeLessThan(0.8 * size);
  const file = await readSafetensors(output);
  const { data } = await file.read('unet.out_conv.weight');
  expect(data).toEqual(Uint16Array.from({ length: data.length }, (_, i) => halfAt(i)));
  await file.close();
});

describe('what is no network is refused', () => {
  const config = {
    config: 'G',
    imgResolution: 8,
    imgChannels: 1,
    modelChannels: 8,
    channelMult: [1],
    numBlocks: 1,
  } as const;

  it('a network of other functions, or of another shape', async () => {
    const path = join(folder, 'other.pkl');
    await writeSnapshotPickle(path, config, { another_balance: 0.5 });
    await expect(loadNetwork(path)).rejects.toThrow(/another_balance = 0.5/);
    await writeSnapshotPickle(path, config, { label_balance: 1.5 });
    await expect(loadNetwork(path)).rejects.toThrow(/labelBalance from 0 to 1, got 1.5/);
    await writeSnapshotPickle(path, config, { clip_act: 256, use_fp16: 1 });
    expect((await loadNetwork(path)).unet.config.modelChannels).toBe(8);
    await writeSnapshotPickle(path, config, { model_channels: 16 });
    await expect(loadNetwork(path)).rejects.toThrow(/expected unet\.\S+ of shape/);
    await writeSnapshotPickle(path, config, { img_channels: 0 });
    await expect(loadNetwork(path)).rejects.toThrow(/imgChannels as a positive integer/);
  });

  it('and says what spread of the data its preconditioning takes', async () => {
    const path = join(folder, 'spread-0000001-0.100.pkl');
    await writeSnapshotPickle(path, config, {});
    expect((await loadNetwork(path)).sigmaData).toBe(0.5);
    await writeSnapshotPickle(path, config, { sigma_data: 0.3 });
    expect(await loadNetwork(path)).toMatchObject({ sigmaData: 0.3, metadata: { sigmaData: '0.3' } });
    await writeSnapshotPickle(path, config, { sigma_data: -1 });
    await expect(loadNetwork(path)).rejects.toThrow(/sigma_data to be a number above 0, got -1/);
  });

  it('but not one made with other constants, which its configuration keeps', async () => {
    const path = join(folder, 'constants-0000001-0.100.pkl');
    const widths = { channelMultNoise: 2, channelMultEmb: 3 };
    const balances = { labelBalance: 0.3, concatBalance: 0.4, resBalance: 0.25, attnBalance: 0.35, clipAct: null };
    await writeSnapshotPickle(
      path,
      { ...config, ...widths },
      {
        ...{ channel_mult_noise: 2, channel_mult_emb: 3, label_balance: 0.3, concat_balance: 0.4 },
        ...{ res_balance: 0.25, attn_balance: 0.35, clip_act: null },
      },
    );
    const { unet } = await loadNetwork(path);
    expect(unet.config).toMatchObject({ ...widths, ...balances });
    const output = join(folder, 'constants.safetensors');
    await convertSnapshot({ input: path, output });
    expect((await loadNetwork(output)).unet.config).toEqual(unet.config);
    // The published defaults, spelled out: the plain network.
    await writeSnapshotPickle(path, config, { channel_mult_noise: null, channel_mult_emb: null, clip_act: 256 });
    const plain = (await loadNetwork(path)).unet;
    expect(plain.config).not.toHaveProperty('channelMultNoise');
    expect(plain.plan).toMatchObject({ noiseChannels: 8, embChannels: 8 });
  });

  it('damage, other pickles, checkpoints', async () => {
    const [name] = FILES[0];
    const bytes = await readFile(goldenPath(name));
    const path = join(folder, 'cut.pkl');
    await writeFile(path, bytes.subarray(0, bytes.length - 5000));
    await expect(loadNetwork(path)).rejects.toThrow(PickleParseError);
    await expect(loadNetwork(goldenPath('stats-tiny.pkl'))).rejects.toThrow(/network under ema/);
    await expect(loadNetwork(goldenPath('refuse-global.pkl'))).rejects.toMatchObject({ code: 'global' });
    await expect(loadNetwork(goldenPath('training-state-0000008.pt'))).rejects.toThrow(/hold no configuration/);
  });

  it('an interrupted conversion leaves nothing', async () => {
    const [name] = FILES[0];
    const place = await mkdtemp(join(folder, 'stop-'));
    await copyFile(goldenPath(name), join(place, name));
    const stop = new AbortController();
    const conversion = convertSnapshot({
      input: join(place, name),
      output: join(place, 'out.safetensors'),
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(conversion).rejects.toThrow('enough');
    expect(await readdir(place)).toEqual([name]);
  });
});
