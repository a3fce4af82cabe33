import '@tensorflow/tfjs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUNet, initParams, ladder, type Params, plainSum, precondition } from '@edm2/edm2-unet';
import { loadNetwork, saveNetwork } from '@edm2/edm2-unet/node';
import { SafetensorsParseError, writeSafetensors } from '@edm2/tensor-files';
import { maxAbsoluteError, readGolden } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenOptions, goldenParams, goldenTensor } from '../golden-net.js';

let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'edm2-unet-'));
});
afterAll(() => rm(folder, { recursive: true }));

const golden = readGolden('unet-rgb-uncond');
const unet = createUNet(goldenOptions(golden));
const small = createUNet({
  config: 'B',
  imgResolution: 8,
  imgChannels: 1,
  modelChannels: 8,
  channelMult: [1],
  numBlocks: 1,
});

const largestDifference = (a: Params, b: Params): number =>
  Math.max(...Object.keys(b).map((name) => maxAbsoluteError(a[name]?.dataSync() ?? [], b[name]?.dataSync() ?? [])));

describe('saveNetwork and loadNetwork', () => {
  it('bring a network back to the last bit, with its configuration and notes', async () => {
    const path = join(folder, 'net.safetensors');
    const params = goldenParams(golden, 'init.'); // with the logvar head, which stays out of the file
    await saveNetwork(path, { unet, params, metadata: { sigmaRel: '0.05', nimg: '4096' } });
    const before = tf.memory().numTensors;
    const loaded = await loadNetwork(path);
    expect(tf.memory().numTensors).toBe(before + unet.parameters.length);
    expect(loaded.unet.config).toEqual(unet.config);
    expect(loaded.metadata).toEqual({
      config: JSON.stringify(unet.config),
      dtype: 'F32',
      sigmaData: '0.5',
      sigmaRel: '0.05',
      nimg: '4096',
    });
    expect(Object.keys(loaded.params)).toEqual(unet.parameters.map(({ name }) => name));
    expect(largestDifference(params, loaded.params)).toBe(0);
    const denoise = precondition(loaded.unet)(loaded.params);
    const tensor = (name: string) => goldenTensor(golden.get(name));
    const actual = denoise(tensor('fwd.x') as tf.Tensor4D, tensor('fwd.sigma'));
    expect(maxAbsoluteError(actual.dataSync(), tensor('fwd.denoised').dataSync())).toBeLessThan(2e-5);
  });

  it('hold PyTorch’s layout under its names', async () => {
    const path = join(folder, 'layout.safetensors');
    await saveNetwork(path, { unet, params: goldenParams(golden, 'init.') });
    const { readSafetensors } = await import('@edm2/tensor-files');
    const file = await readSafetensors(path);
    for (const name of ['unet.enc.16x16_conv.weight', 'unet.emb_noise.weight']) {
      const { shape, data } = golden.get(`init.${name}`);
      expect(await file.readFloat32(name)).toEqual({ shape, data });
    }
    await file.close();
  });

  it('store half precision when asked', async () => {
    const path = join(folder, 'half.safetensors');
    const params = initParams(unet, 1);
    await saveNetwork(path, { unet, params, dtype: 'F16' });
    const loaded = await loadNetwork(path);
    const difference = largestDifference(params, loaded.params);
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(32 * 2 ** -11); // frequencies reach 2π·4
    expect(loaded.metadata['dtype']).toBe('F16');
    expect((await readFile(path)).length).toBeLessThan(0.6 * (await readFile(join(folder, 'net.safetensors'))).length);
  });

  it('keep the spread of the data that the network was trained on', async () => {
    const path = join(folder, 'spread.safetensors');
    const params = initParams(small, 1);
    await saveNetwork(path, { unet: small, params, sigmaData: 0.3 });
    expect(await loadNetwork(path)).toMatchObject({ sigmaData: 0.3, metadata: { sigmaData: '0.3' } });
    // Written before files said it.
    const { readSafetensors } = await import('@edm2/tensor-files');
    const file = await readSafetensors(path);
    const tensors = Object.fromEntries(
      await Promise.all(file.names.map(async (name) => [name, await file.readFloat32(name)] as const)),
    );
    const { sigmaData: _, ...before } = file.metadata;
    await file.close();
    const old = join(folder, 'old.safetensors');
    await writeSafetensors(old, tensors, before);
    expect((await loadNetwork(old)).sigmaData).toBe(0.5);
    for (const sigmaData of ['wide', '0', '-1', 'Infinity', '']) {
      await writeSafetensors(old, tensors, { ...before, sigmaData });
      await expect(loadNetwork(old)).rejects.toThrow(/old\.safetensors.*sigmaData to be a number above 0/);
    }
    for (const sigmaData of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(saveNetwork(old, { unet: small, params, sigmaData })).rejects.toThrow(/expected sigmaData > 0/);
  });

  it('keep the constants that were set', async () => {
    const path = join(folder, 'constants.safetensors');
    const constants = { channelMultNoise: 2, channelMultEmb: 3, labelBalance: 0.3, clipAct: null, initGain: 1.5 };
    const made = createUNet({ ...small.config, config: 'G', ...constants });
    await saveNetwork(path, { unet: made, params: initParams(made, 1) });
    const { unet: again, metadata } = await loadNetwork(path);
    expect(again.config).toEqual(made.config);
    expect(again.vocabulary).toMatchObject({ share: { label: 0.3 }, clipAct: null });
    expect(metadata).not.toHaveProperty('vocabulary');
  });

  it('keep other configs and vocabularies apart', async () => {
    const path = join(folder, 'small.safetensors');
    await saveNetwork(path, { unet: small, params: initParams(small, 1) });
    const { unet: again, params } = await loadNetwork(path);
    expect(again.vocabulary).toBe(ladder.B);
    const vocabulary = { ...ladder.B, sum: (main, branch) => plainSum(branch, main, 0) } satisfies typeof ladder.B;
    await saveNetwork(path, { unet: createUNet(small.config, { vocabulary }), params });
    await expect(loadNetwork(path)).rejects.toThrow(/small\.safetensors.*expected the vocabulary/);
    expect((await loadNetwork(path, { vocabulary })).unet.vocabulary).toBe(vocabulary);
  });
});

describe('a file that cannot be used is refused by name', () => {
  const bad = (name: string) => join(folder, name);
  it('checkpoints', async () => {
    await expect(loadNetwork(bad('model.ckpt'))).rejects.toThrow(/\.pkl snapshot, got .*model\.ckpt/);
  });
  it('truncated and altered files', async () => {
    await saveNetwork(bad('whole.safetensors'), { unet: small, params: initParams(small, 1) });
    const bytes = await readFile(bad('whole.safetensors'));
    await writeFile(bad('cut.safetensors'), bytes.subarray(0, bytes.length - 9));
    await expect(loadNetwork(bad('cut.safetensors'))).rejects.toThrow(SafetensorsParseError);
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 4;
    await writeFile(bad('flipped.safetensors'), bytes);
    await expect(loadNetwork(bad('flipped.safetensors'))).rejects.toThrow(/flipped\.safetensors/);
  });
  it('files without a network, of another network, or with a broken configuration', async () => {
    const data = new Float32Array(1);
    const config = JSON.stringify(small.config);
    const cases: [Record<string, string>, RegExp][] = [
      [{}, /field config .* got none/],
      [{ config: '[1' }, /field config .* got "\[1"/],
      [{ config: JSON.stringify({ ...small.config, depth: 3 }) }, /createUNet: expected options among .*, got depth/],
      [{ config }, /fromStateDict: expected the state dict to hold every parameter/],
    ];
    for (const [metadata, text] of cases) {
      await writeSafetensors(bad('other.safetensors'), { 'unet.out_conv.bias': { shape: [1], data } }, metadata);
      await expect(loadNetwork(bad('other.safetensors'))).rejects.toThrow(text);
      await expect(loadNetwork(bad('other.safetensors'))).rejects.toThrow(/other\.safetensors/);
    }
  });
  it('parameters of another network are not written at all', async () => {
    const params = initParams(small, 1);
    const { 'unet.out_conv.bias': _, ...fewer } = params;
    await expect(saveNetwork(bad('never.safetensors'), { unet: small, params: fewer })).rejects.toThrow(
      /unet\.out_conv\.bias.*nothing/,
    );
    await expect(saveNetwork(bad('never.safetensors'), { unet, params })).rejects.toThrow(
      /saveNetwork: expected unet\./,
    );
    await expect(
      saveNetwork(bad('never.safetensors'), { unet: small, params, metadata: { dtype: 'x' } }),
    ).rejects.toThrow(/got dtype/);
    expect(await readdir(folder)).not.toContain('never.safetensors');
  });
});
