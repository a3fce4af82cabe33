import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as data from '@edm2/dataset';
import { createUNet, initParams } from '@edm2/edm2-unet';
import * as networkFiles from '@edm2/edm2-unet/node';
import * as engines from '@edm2/engine';
import * as statistics from '@edm2/fid/node';
import * as latentFiles from '@edm2/latent-vae/node';
import { gammaToSigmaRel, sigmaRelToGamma } from '@edm2/phema';
import * as averages from '@edm2/phema/node';
import * as files from '@edm2/tensor-files';
import * as tensors from '@edm2/tensor-files/tfjs';
import * as tfjsFiles from '@edm2/tensor-files/tfjs-io';
import { goldenPath, maxAbsoluteError } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as libtensorflow from '@edm2/tfjs-libtensorflow';
import * as onnx from '@edm2/tfjs-onnxruntime';
import { adam, createTrainStep } from '@edm2/training';
import * as states from '@edm2/training/node';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectNames } from './names.js';

/** Public names of what reads, writes and runs. */

let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'public-'));
});
afterAll(() => rm(folder, { recursive: true }));

const unet = createUNet({ imgResolution: 4, imgChannels: 1, modelChannels: 4, channelMult: [1], numBlocks: 1 });

test('@edm2/tensor-files', async () => {
  const names = { readSafetensors: 1, writeSafetensors: 2, readNpy: 1, writeNpy: 2, readNpz: 1, readPickle: 2 };
  expectNames(files, { ...names, readTorchZip: 1, openPickle: 2, writeFileAtomic: 2 });
  const path = join(folder, 'a.safetensors');
  await files.writeSafetensors(path, { w: { shape: [2, 1], data: Float32Array.of(1, 2) } }, { made: 'here' });
  // The format itself: eight bytes of length, JSON, then the numbers.
  const bytes = await readFile(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  expect(header).toMatchObject({
    w: { dtype: 'F32', shape: [2, 1], data_offsets: [0, 8] },
    __metadata__: { made: 'here' },
  });
  expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 128, 63, 0, 0, 0, 64]);
  const file = await files.readSafetensors(path);
  expect(await file.read('w')).toMatchObject({ shape: [2, 1], data: Float32Array.of(1, 2) });
  await file.close();

  const npy = join(folder, 'a.npy');
  await files.writeNpy(npy, { shape: [3], data: Int32Array.of(1, 2, 3) });
  expect((await readFile(npy)).subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
  expect(await files.readNpy(npy)).toMatchObject({ shape: [3], data: Int32Array.of(1, 2, 3) });
  expect(Object.keys(await files.readNpz(goldenPath('stats-tiny.npz'))).sort()).toEqual(['mu', 'sigma']);
  // (1, 'a') in protocol 2.
  expect(files.readPickle(Buffer.from('\x80\x02K\x01X\x01\x00\x00\x00a\x86.', 'latin1'), { allow: [] })).toEqual([
    1,
    'a',
  ]);
  const torch = await files.readTorchZip(goldenPath('state-dict.pth'));
  expect(torch.value).toBeInstanceOf(Map);
  await torch.close();
});

test('@edm2/tensor-files/tfjs and ./tfjs-io', async () => {
  expectNames(tensors, { toStateDict: 2, fromStateDict: 2 });
  const parameters: tensors.ParameterSpec[] = [
    { name: 'dense', shape: [2, 3], kind: 'weight' },
    { name: 'gain', shape: [], kind: 'gain' },
  ];
  const params = { dense: tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]), gain: tf.scalar(7) };
  const stored = tensors.toStateDict(parameters, params);
  expect(stored['dense']).toEqual({ shape: [3, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) });
  const back = tensors.fromStateDict(parameters, { ...stored, gain: { shape: [1], data: Float32Array.of(7) } });
  expect([back['dense']?.arraySync(), back['gain']?.arraySync()]).toEqual([
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    7,
  ]);

  expectNames(tfjsFiles, { fileSystem: 1, registerFileSystem: 0 });
  const place = join(folder, 'model');
  await tfjsFiles.fileSystem(place).save?.({
    modelTopology: { is: 'a graph' },
    weightSpecs: [{ name: 'w', shape: [1], dtype: 'float32' }],
    weightData: Float32Array.of(2).buffer,
  });
  expect((await readdir(place)).sort()).toEqual(['model.json', 'weights.bin']);
  expect([...(await readFile(join(place, 'weights.bin')))]).toEqual([0, 0, 0, 64]);
});

test('@edm2/edm2-unet/node and @edm2/training/node', async () => {
  expectNames(networkFiles, { saveNetwork: 2, loadNetwork: 1, convertSnapshot: 1 });
  expectNames(states, { saveState: 2, loadState: 1 });
  const params = initParams(unet, 3);
  const path = join(folder, 'net.safetensors');
  await networkFiles.saveNetwork(path, { unet, params, metadata: { sigmaRel: '0.05' } });
  const loaded = await networkFiles.loadNetwork(path);
  expect(loaded.unet.config).toEqual(unet.config);
  expect(loaded.metadata).toMatchObject({ sigmaRel: '0.05', config: JSON.stringify(unet.config) });
  for (const [name, value] of Object.entries(params))
    expect(loaded.params[name]?.dataSync(), name).toEqual(value.dataSync());
  const snapshot = goldenPath('edm2-tiny-rgb-0000262-0.050.pkl');
  const converted = await networkFiles.convertSnapshot({
    input: snapshot,
    output: join(folder, 'converted.safetensors'),
  });
  const [a, b] = [
    await networkFiles.loadNetwork(snapshot),
    await networkFiles.loadNetwork(join(folder, 'converted.safetensors')),
  ];
  expect(converted.tensors).toBeGreaterThanOrEqual(a.unet.parameters.length);
  for (const { name } of a.unet.parameters)
    expect(b.params[name]?.dataSync(), name).toEqual(a.params[name]?.dataSync());

  const training = createTrainStep({ unet, optimizer: adam() });
  const state = training.init(5);
  await states.saveState(join(folder, 'state.safetensors'), state, { nimg: '2' });
  const again = await states.loadState(join(folder, 'state.safetensors'), { unet });
  expect(again.metadata['nimg']).toBe('2');
  const flat = (tree: object): number[] =>
    Object.values(tree).flatMap((value) => (value instanceof tf.Tensor ? Array.from(value.dataSync()) : flat(value)));
  expect(flat(again.state)).toEqual(flat(state));
});

test('@edm2/phema/node', async () => {
  expectNames(averages, { openSnapshots: 1, reconstructFiles: 1 });
  // Weights that grow as time does, θ(τ) = τ, have the average (γ + 1)/(γ + 2)·t.
  const averageOf = (sigmaRel: number, t: number): number => {
    const gamma = sigmaRelToGamma(sigmaRel);
    return ((gamma + 1) / (gamma + 2)) * t;
  };
  const run = join(folder, 'run');
  await import('node:fs/promises').then(({ mkdir }) => mkdir(run));
  for (const sigmaRel of [0.05, 0.1])
    for (const t of [2000, 4000, 6000, 8000])
      await files.writeSafetensors(
        join(run, averages.snapshotName('network-snapshot', { nimg: t, sigmaRel })),
        { w: { shape: [1], data: Float32Array.of(averageOf(sigmaRel, t)) } },
        { sigmaRel: String(sigmaRel), nimg: String(t) },
      );
  const set = await averages.openSnapshots(run);
  expect([set.snapshots.length, set.times]).toEqual([8, [2000, 4000, 6000, 8000]]);
  await set.close();
  const { outputs } = await averages.reconstructFiles({
    input: run,
    output: join(folder, 'averages'),
    sigmaRels: [0.08],
  });
  const [{ path = '', sigmaRel = 0, nimg = 0 } = {}] = outputs;
  expect([outputs.length, sigmaRel, nimg]).toEqual([1, 0.08, 8000]);
  const made = await files.readSafetensors(path);
  const [w = 0] = (await made.readFloat32('w')).data;
  await made.close();
  expect(Math.abs(w / averageOf(0.08, 8000) - 1)).toBeLessThan(5e-3); // its neighbours among the stored ones are 3 % off
  expect(gammaToSigmaRel(sigmaRelToGamma(0.08))).toBeCloseTo(0.08, 12);
});

test('@edm2/fid/node and @edm2/latent-vae/node', async () => {
  expectNames(statistics, { readStatistics: 1, writeStatistics: 2 });
  const path = join(folder, 'reference.npz');
  await statistics.writeStatistics(path, {
    fid: { mu: Float64Array.of(1, 2), sigma: Float64Array.of(4, 1, 1, 9) },
    n: 7,
  });
  const { fid } = await statistics.readStatistics(path);
  expect([...(fid?.mu ?? []), ...(fid?.sigma ?? [])]).toEqual([1, 2, 4, 1, 1, 9]);
  expectNames(latentFiles, { loadAutoencoder: 1 });
  const { vae, params } = await latentFiles.loadAutoencoder(goldenPath('vae-tiny'));
  expect(Object.keys(params)).toEqual(vae.parameters.map(({ name }) => name));
});

test('@edm2/dataset', async () => {
  expectNames(data, { openDataset: 1, createLoader: 2 });
  // Two images of numbers that are known, labelled by their folders.
  const home = join(folder, 'images');
  const writer = await import('node:fs/promises');
  for (const [name, value] of [
    ['cat', 0],
    ['dog', 255],
  ] as const) {
    await writer.mkdir(join(home, name), { recursive: true });
    const row = Uint8Array.from({ length: 3 * 4 }, () => value);
    const ppm = Buffer.concat([Buffer.from('P6\n2 2\n255\n'), row]);
    await writeFile(join(home, name, 'a.ppm'), ppm);
  }
  const dataset = await data.openDataset(home);
  expect(dataset).toMatchObject({ length: 2, resolution: 2, channels: 3, labelDim: 2, classNames: ['cat', 'dog'] });
  expect([...(await dataset.read(1))]).toEqual(new Array(12).fill(255));
  const seen: number[] = [];
  for await (const { images, labels, startImage } of data.createLoader(dataset, { batch: 2, seed: 1, startImage: 4 })) {
    expect(startImage).toBe(4);
    // The order is drawn; each epoch has every image, with its own label.
    for (const i of [0, 1]) seen.push(images[12 * i] ?? -1, labels?.[2 * i + 1] ?? -1);
    break;
  }
  expect(seen.join() === '0,0,255,1' || seen.join() === '255,1,0,0').toBe(true);
  await dataset.close();
});

test('engines', async () => {
  expectNames(engines, { startEngine: 0 });
  expectNames(onnx, { startOnnxRuntime: 0, version: 'string' as never });
  expectNames(libtensorflow, { startLibtensorflow: 0 });
  const report = await engines.startEngine('cpu');
  expect(report).toMatchObject({ name: 'cpu', backend: 'cpu', threads: 1, device: 'CPU' });
  expect(report.why).toBe(`cpu ${report.version} on CPU, 1 thread, as asked for`);

  const fn = (x: tf.Tensor) => tf.sum(tf.exp(x));
  const x = tf.tensor1d([0, 1, 2]);
  const expected = 1 + Math.E + Math.E ** 2;
  const engine = await onnx.startOnnxRuntime({ threads: 1 });
  expect(engine).toMatchObject({ name: 'onnxruntime', backend: 'onnxruntime' });
  expect(tf.getBackend()).toBe('cpu');
  for (const name of ['cpu', 'onnxruntime']) {
    await tf.setBackend(name);
    expect(maxAbsoluteError(fn(x).dataSync(), [expected])).toBeLessThan(1e-5);
    // Named, or that of the current backend.
    const compiled = jit(fn, name === 'cpu' ? { engine } : {});
    expect(maxAbsoluteError(compiled(x).dataSync(), [expected])).toBeLessThan(1e-5);
    expect(compiled.cacheSize).toBe(1);
    expect(compiled.explain()).toContain('Exp');
    compiled.dispose();
    expect(compiled.cacheSize).toBe(0);
  }
});
