import '@tensorflow/tfjs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUNet } from '@edm2/edm2-unet';
import { createUncertainty } from '@edm2/loss-weighting';
import { createRandom } from '@edm2/random';
import { readSafetensors, writeSafetensors } from '@edm2/tensor-files';
import { oihwToHwio } from '@edm2/test-support';
import { type AdamMoments, adam, createTrainStep, type TrainBatch, type TrainState } from '@edm2/training';
import { loadState, saveState } from '@edm2/training/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let folder: string;
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'edm2-state-'));
});
afterAll(() => rm(folder, { recursive: true }));

const options = { imgResolution: 4, imgChannels: 1, channelMult: [1], numBlocks: 1, attnResolutions: [] };
const unet = createUNet({ ...options, modelChannels: 8 });
const uncertainty = createUncertainty({ channels: 8 });
const training = createTrainStep({ unet, uncertainty, optimizer: adam() });

function batch(step: number): TrainBatch {
  const random = createRandom(9);
  const images = tf.tensor4d(random.stream('images', step).normal(32), [2, 4, 4, 1]);
  const noise = tf.tensor4d(random.stream('noise', step).normal(32), [2, 4, 4, 1]);
  const [t, dt] = [tf.scalar(2 * step + 2), tf.scalar(2)];
  return { images, noise, sigma: tf.tensor1d([0.3, 1]), learningRate: tf.scalar(0.01), t, dt };
}

const bits = (tree: unknown): unknown => {
  if (tree instanceof tf.Tensor)
    return [tree.shape, [...new Uint32Array(Float32Array.from(tree.dataSync()).buffer)].join()];
  return Object.fromEntries(Object.entries(tree as object).map(([key, value]) => [key, bits(value)]));
};
const trained = (steps: number, from = training.init(2), first = 0): TrainState<AdamMoments> => {
  let state = from;
  for (let i = first; i < first + steps; i++) ({ state } = training.step(state, batch(i)));
  return state;
};

describe('saveState and loadState', () => {
  test('give back every bit and the metadata, and own no tensor', async () => {
    const path = join(folder, 'a.safetensors');
    const state = trained(2);
    const odd = Float32Array.of(-0, 1e-45, -1.2e-38, 3.4e38, 0.1, Number.POSITIVE_INFINITY, Number.NaN, 1);
    state.moments.first['unet.out_conv.weight'] = tf.tensor(
      Float32Array.from({ length: 72 }, (_, i) => odd[i % 8] ?? 0),
      [3, 3, 8, 1],
    );
    const before = tf.memory().numTensors;
    await saveState(path, state, { nimg: '4', note: 'ä "quoted"' });
    expect(tf.memory().numTensors).toBe(before);
    const loaded = await loadState(path, { unet, uncertainty });
    expect(loaded.metadata).toEqual({ nimg: '4', note: 'ä "quoted"' });
    expect(bits(loaded.state)).toEqual(bits(state));
    expect(Object.keys(loaded.state.params)).toEqual(Object.keys(state.params));
    tf.dispose(loaded.state as unknown as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('resuming is never having stopped, to the bit', async () => {
    const path = join(folder, 'resume.safetensors');
    await saveState(path, trained(2));
    const { state } = await loadState(path);
    const resumed = trained(2, state as TrainState<AdamMoments>, 2);
    expect(bits(resumed)).toEqual(bits(trained(4)));
  });

  test('two writes of one state are the same file', async () => {
    const [a, b] = [join(folder, 'one'), join(folder, 'two')];
    const state = trained(1);
    await saveState(a, state, { nimg: '2' });
    await saveState(b, state, { nimg: '2' });
    expect(await readFile(a)).toEqual(await readFile(b));
  });

  test('the file names what is in it, in the layouts of PyTorch', async () => {
    const path = join(folder, 'names.safetensors');
    const state = trained(1);
    await saveState(path, state);
    const file = await readSafetensors(path);
    const trainedNames = unet.parameters.filter(({ kind }) => kind !== 'buffer').map(({ name }) => name);
    expect(file.names).toEqual(expect.arrayContaining(['moments/step', 'moments/correction1', 'moments/correction2']));
    for (const name of [...trainedNames, 'logvar_linear.weight'])
      for (const prefix of ['moments/first/', 'moments/second/', 'ema/0.05/', 'ema/0.1/'])
        expect(file.has(prefix + name)).toBe(true);
    expect(file.has('params/unet.emb_fourier.freqs') && file.has('uncertainty/logvar_linear.weight')).toBe(true);
    const conv = await file.readFloat32('params/unet.enc.4x4_conv.weight');
    expect(conv.shape).toEqual([8, 2, 3, 3]);
    expect(oihwToHwio(conv).data).toEqual(state.params['unet.enc.4x4_conv.weight']?.dataSync());
    expect((await file.readFloat32('uncertainty/logvar_linear.weight')).shape).toEqual([1, 8]);
    expect((await file.readFloat32('params/unet.out_gain')).shape).toEqual([]);
    await file.close();
  });

  test('an own optimizer’s tree and a run without a head or averages come back as they were', async () => {
    const path = join(folder, 'own.safetensors');
    const state: TrainState = {
      params: training.init(0).params,
      uncertainty: {},
      moments: { momentum: { 'unet.out_gain': tf.scalar(3) }, deep: { er: { count: tf.tensor1d([1, 2]) } } },
      ema: {},
    };
    await saveState(path, state);
    expect(bits((await loadState(path, { unet })).state)).toEqual(bits(state));
  });
});

describe('errors', () => {
  test('another net, head or config is told by the first difference, before anything is read', async () => {
    const path = join(folder, 'net.safetensors');
    await saveState(path, trained(1));
    const before = tf.memory().numTensors;
    const wider = createUNet({ ...options, modelChannels: 16 });
    await expect(loadState(path, { unet: wider, uncertainty })).rejects.toThrow(
      /state\.params to hold unet\.\S+ \[.*\], got \[.*\]\. This state belongs to another net/,
    );
    await expect(loadState(path, { unet })).rejects.toThrow(
      'state.uncertainty to hold 0 tensors, got logvar_fourier.freqs',
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  test('a file of weights alone is not a state', async () => {
    const path = join(folder, 'weights.safetensors');
    await writeSafetensors(path, { 'unet.out_gain': { shape: [], data: Float32Array.of(1) } });
    await expect(loadState(path)).rejects.toThrow('expected a training state with names below params/, uncertainty/');
  });

  test('names that are a tensor and a group at once, or too deep', async () => {
    const value = { shape: [], data: Float32Array.of(1) };
    const path = join(folder, 'both.safetensors');
    await writeSafetensors(path, { 'params/a': value, 'params/a/b': value });
    await expect(loadState(path)).rejects.toThrow('expected a to be a tensor or a group, got both');
    await writeSafetensors(path, { [`params/${'x/'.repeat(99_999)}y`]: value });
    await expect(loadState(path)).rejects.toThrow('at most 16 levels');
  });

  test('truncated and bit-flipped files are refused with the file named', async () => {
    const path = join(folder, 'damaged.safetensors');
    await saveState(path, trained(1));
    const whole = await readFile(path);
    const flipped = Buffer.from(whole);
    flipped[whole.length - 5] = (flipped[whole.length - 5] ?? 0) ^ 4;
    const before = tf.memory().numTensors;
    for (const damaged of [whole.subarray(0, whole.length - 9), flipped, whole.subarray(0, 5)]) {
      await writeFile(path, damaged);
      await expect(loadState(path)).rejects.toThrow('damaged.safetensors');
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  test('a failed write leaves nothing, and what was there before', async () => {
    const path = join(folder, 'kept.safetensors');
    await writeFile(path, 'before');
    const state = trained(1);
    const listing = await readdir(folder);
    const broken = { ...state, moments: { ...state.moments, step: tf.scalar(1, 'int32') } };
    await expect(saveState(path, broken)).rejects.toThrow('saveState: expected moments/step to be float32, got int32.');
    await expect(saveState(path, { ...state, ema: { 'a/b': {} } })).rejects.toThrow("without slashes, got 'a/b'");
    const disposed = { ...state, ema: { '0.1': { w: tf.scalar(1) } } };
    disposed.ema['0.1'].w.dispose();
    await expect(saveState(path, disposed)).rejects.toThrow();
    await expect(saveState(join(folder, 'no', 'where'), state)).rejects.toThrow('ENOENT');
    expect(await readdir(folder)).toEqual(listing);
    expect(await readFile(path, 'utf8')).toBe('before');
  });
});
