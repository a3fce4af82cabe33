import '@tensorflow/tfjs';
import { countFlops, createUNet, initParams, ladder, precondition } from '@edm2/edm2-unet';
import { convertSnapshot, loadNetwork, saveNetwork } from '@edm2/edm2-unet/node';
import { startEngine } from '@edm2/engine';
import {
  createAutoencoderKL,
  createLatentCodec,
  createLatentNormalizer,
  decodeSeamless,
  decodeTiled,
  inBatches,
  latentMetadata,
  measureRawStatistics,
  STABLE_DIFFUSION_RAW,
} from '@edm2/latent-vae';
import {
  createLossByNoiseLevel,
  createUncertainty,
  edmWeight,
  minSnrWeight,
  sampleSigmas,
  sigmoidWeight,
  softMinSnrWeight,
} from '@edm2/loss-weighting';
import { attend, cosineAttention, mpConv2d, mpDense, normalize } from '@edm2/mp-layers';
import { createRandom, draw } from '@edm2/random';
import { dpmpp2m, euler, guide, heun, karrasSchedule, sampleSeeds } from '@edm2/sampler';
import { startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import { adam, createTrainStep, halfLifeEma, learningRate } from '@edm2/training';
import { loadState } from '@edm2/training/node';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const images = {
  imgResolution: 4,
  imgChannels: 1,
  modelChannels: 4,
  channelMult: [1],
  numBlocks: 1,
  channelsPerHead: 4,
};
const unet = createUNet(images);
const params = initParams(unet, 1);
const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 1]);
const [wide, row] = [tf.zeros<tf.Rank.R4>([1, 2, 2, 3]), tf.zeros<tf.Rank.R2>([1, 3])];
const denoiser = () => tf.zeros([1, 1]);
const step = (more: object) => createTrainStep({ unet, optimizer: adam(), ...more });
const batch = () => ({
  ...{ images: x, noise: x, sigma: tf.ones([1]), learningRate: tf.scalar(0), t: tf.scalar(1), dt: tf.scalar(1) },
});
const vae = createAutoencoderKL({
  _class_name: 'AutoencoderKL',
  ...{ in_channels: 1, out_channels: 1, latent_channels: 4, block_out_channels: [4], layers_per_block: 1 },
  ...{ down_block_types: ['DownEncoderBlock2D'], up_block_types: ['UpDecoderBlock2D'], norm_num_groups: 1 },
});
const normalizer = createLatentNormalizer(STABLE_DIFFUSION_RAW);
const solve = { sigmas: [1, 0] };

/** Every public function that takes an options object: its name, an option misspelled, the right one, and the call. */
const FUNCTIONS: readonly [fn: string, wrong: string, right: string, call: (more: object) => unknown][] = [
  ['normalize', 'epsilon', 'eps', (more) => normalize(row, [1], more)],
  ['mpConv2d', 'Gain', 'gain', (more) => mpConv2d(wide, tf.zeros([1, 1, 3, 2]), more)],
  ['mpDense', 'gains', 'gain', (more) => mpDense(row, tf.zeros([3, 2]), more)],
  ['attend', 'qkv_norm', 'qkvNorm', (more) => attend(wide, { heads: 1, ...more })],
  ['cosineAttention', 'balanced', 'balance', (more) => cosineAttention(x, { qkv: x, proj: x, heads: 1, ...more })],
  ['createUNet', 'attn_resolutions', 'attnResolutions', (more) => createUNet({ ...images, ...more })],
  ['createUNet', 'vocab', '', (more) => createUNet(images, more)],
  [
    'createUNet: vocabulary',
    'activations',
    'activation',
    (m) => createUNet(images, { vocabulary: { ...ladder.G, ...m } }),
  ],
  ['precondition', 'sigma_data', 'sigmaData', (more) => precondition(unet, more)],
  ['unet.apply', 'dropoutMasks', 'dropoutMask', (more) => unet.apply(params, x, tf.zeros([1]), undefined, more)],
  ['loadNetwork', 'vocabularies', 'vocabulary', (more) => loadNetwork('never.safetensors', more)],
  ['saveNetwork', 'meta', '', (more) => saveNetwork('never.safetensors', { unet, params, ...more })],
  ['convertSnapshot', 'ouput', 'output', (more) => convertSnapshot({ input: 'never', output: 'never', ...more })],
  ['createLossByNoiseLevel', 'bin', 'bins', (more) => createLossByNoiseLevel(more)],
  ['sampleSigmas', 'pmean', 'pMean', (more) => sampleSigmas(tf.zeros([1]), more)],
  ['createUncertainty', 'channel', 'channels', (more) => createUncertainty(more)],
  ['edmWeight', 'sigmadata', 'sigmaData', (more) => edmWeight(tf.ones([1]), more)],
  ['minSnrWeight', 'gama', 'gamma', (more) => minSnrWeight(tf.ones([1]), more)],
  ['softMinSnrWeight', 'gama', 'gamma', (more) => softMinSnrWeight(tf.ones([1]), more)],
  ['sigmoidWeight', 'biases', 'bias', (more) => sigmoidWeight(tf.ones([1]), more)],
  ['createTrainStep', 'emaSigmaRel', 'emaSigmaRels', step],
  ['halfLifeEma', 'halflifes', 'halfLife', (more) => step({ averages: [halfLifeEma({ halfLife: 1, ...more })] })],
  ['adam', 'beta_1', 'beta1', (more) => adam(more)],
  [
    'learningRate',
    'rampup_mimg',
    'rampupMimg',
    (more) => learningRate(1, { ref: 1, decayBatches: 1, batch: 1, ...more }),
  ],
  ['loadState', 'net', 'unet', (more) => loadState('never.safetensors', more)],
  ['step: batch', 'dropoutMask', 'dropoutMasks', (more) => step({}).step(step({}).init(1), { ...batch(), ...more })],
  ['karrasSchedule', 'sigma_max', 'sigmaMax', (more) => karrasSchedule(more)],
  ['euler', 'label', 'labels', (more) => euler(denoiser, row, { ...solve, ...more })],
  ['heun', 'onstep', 'onStep', (more) => heun(denoiser, row, { ...solve, ...more })],
  ['dpmpp2m', 'abortSignal', '', (more) => dpmpp2m(denoiser, row, { ...solve, ...more })],
  ['heun: churn', 's_churn', 'sChurn', (more) => heun(denoiser, row, { ...solve, churn: { sChurn: 1, ...more } })],
  ['guide', 'intervals', 'interval', (more) => guide({ main: denoiser, guide: denoiser, weight: 2, ...more })],
  ['sampleSeeds', 'batchSize', '', (more) => sampleSeeds({ denoiser, seeds: [1], shape: [1], ...more }).next()],
  ['encode', 'onactivation', 'onActivation', (more) => vae.encode({}, x, more)],
  ['decode', 'onactivation', 'onActivation', (more) => vae.decode({}, x, more)],
  [
    'createLatentNormalizer',
    'finalMeans',
    'finalMean',
    (m) => createLatentNormalizer({ ...STABLE_DIFFUSION_RAW, ...m }),
  ],
  [
    'createLatentCodec',
    'normaliser',
    'normalizer',
    (more) => createLatentCodec({ vae, params: {}, normalizer, ...more }),
  ],
  ['latentMetadata', 'sha-256', 'sha256', (more) => latentMetadata('vae', normalizer, more)],
  ['inBatches', 'batches', 'batch', (more) => inBatches(tf.clone, row, more)],
  ['decodeTiled', 'tiles', 'tile', (more) => decodeTiled(tf.clone, x, more)],
  ['decodeSeamless', 'compiled', 'compile', (more) => decodeSeamless(x, { vae, params: {}, ...more })],
  ['measureRawStatistics', 'mean_only', 'meanOnly', (more) => measureRawStatistics([], more)],
  ['startEngine', 'thread', 'threads', (more) => startEngine('cpu', more)],
  ['startOnnxRuntime', 'numThreads', '', (more) => startOnnxRuntime(more)],
  [
    'startOnnxRuntime: sessionOptions',
    'intra_op_num_threads',
    'intraOpNumThreads',
    (more) => startOnnxRuntime({ sessionOptions: more }),
  ],
  ['startLibtensorflow', 'devices', 'device', (more) => startLibtensorflow(more)],
];

test.each(FUNCTIONS)('%s refuses %s', async (fn, wrong, right, call) => {
  const failure = async (more: object): Promise<string> => {
    try {
      await call(more);
      return '';
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      return (error as Error).message;
    }
  };
  const told = await failure({ [wrong]: undefined });
  expect(told).toMatch(new RegExp(`^${fn}: expected options among .*, got ${wrong}\\. `));
  if (right !== '') expect(told).toContain(`Did you mean ${right}?`);
});

test.each<[string, (other: never) => unknown]>([
  ['adam', adam],
  ['edmWeight', (other) => edmWeight(tf.ones([1]), other)],
  ['mpConv2d', (other) => mpConv2d(wide, tf.zeros([1, 1, 3, 2]), other)],
  ['precondition', (other) => precondition(unet, other)],
  ['karrasSchedule', karrasSchedule],
])('%s refuses another value in the place of its options', (fn, call) => {
  for (const other of [0.9, 'fast', true, null, [0.9]])
    expect(() => call(other as never)).toThrow(`${fn}: expected an object`);
  expect(() => call(tf.scalar(2) as never)).toThrow(`${fn}: expected options among`);
});

test('a distribution is of one kind', () => {
  const stream = createRandom(1).stream('a');
  expect(() => draw({ normal: 1, constant: 0 } as never, 1, stream)).toThrow(
    'got normal and constant. Leave out constant.',
  );
  expect(() => draw({ uniform: [0, 1], seed: 1 } as never, 1, stream)).toThrow('got uniform and seed.');
});

test('a description is the same whichever way its options are given', () => {
  expect(countFlops(createUNet({ ...images, dropout: undefined as never }))).toEqual(countFlops(unet));
});
