import '@tensorflow/tfjs';
import { createUNet } from '@edm2/edm2-unet';
import { createRandom } from '@edm2/random';
import { goldenPath, relativeError } from '@edm2/test-support';
import {
  type AdamMoments,
  adam,
  createTrainStep,
  halfLifeEma,
  ladderUncertainty,
  powerEma,
  type TrainBatch,
  type TrainState,
} from '@edm2/training';
import { loadState } from '@edm2/training/node';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const unet = createUNet({
  imgResolution: 4,
  imgChannels: 1,
  labelDim: 0,
  modelChannels: 4,
  channelMult: [1],
  numBlocks: 1,
  attnResolutions: [],
});
const uncertainty = ladderUncertainty(unet.vocabulary);
const averages = [powerEma(0.05), powerEma(0.1), halfLifeEma({ halfLife: 20, rampup: 0.5 })];
const training = createTrainStep({ unet, uncertainty, optimizer: adam(), averages });

/** What the files' steps were fed. */
function batch(step: number): TrainBatch {
  const random = createRandom(9);
  const images = tf.tensor4d(random.stream('images', step).normal(32), [2, 4, 4, 1]);
  const noise = tf.tensor4d(random.stream('noise', step).normal(32), [2, 4, 4, 1]);
  const [t, dt] = [tf.scalar(2 * step + 2), tf.scalar(2)];
  return { images, noise, sigma: tf.tensor1d([0.3, 1]), learningRate: tf.scalar(0.01), t, dt };
}

const load = async (steps: number): Promise<TrainState<AdamMoments>> => {
  const { state } = await loadState(goldenPath(`run-state-${steps}.safetensors`), { unet, uncertainty });
  return state as TrainState<AdamMoments>;
};

/** Every tensor of a state by its path. */
const leaves = (tree: object, prefix = ''): [string, tf.Tensor][] =>
  Object.entries(tree).flatMap(([name, value]): [string, tf.Tensor][] =>
    value instanceof tf.Tensor ? [[prefix + name, value]] : leaves(value, `${prefix}${name}/`),
  );

test('a state from before averages had an interface goes on as it would have then', async () => {
  let state = await load(2);
  for (let i = 2; i < 4; i++) ({ state } = training.step(state, batch(i)));
  const [then, now] = [leaves(await load(4)), new Map(leaves(state))];
  expect([...now.keys()].sort()).toEqual(then.map(([path]) => path).sort());
  expect(then.filter(([path]) => path.startsWith('ema/halflife/')).length).toBe(training.trained.length);
  // To the bit where this was written; another processor or Node.js may round a cosine otherwise.
  const off = then.filter(
    ([path, tensor]) => !(relativeError(now.get(path)?.dataSync() ?? [], tensor.dataSync()) < 1e-6),
  );
  expect(off.map(([path]) => path)).toEqual([]);
});

test('and starts with the same weights', async () => {
  const { params, uncertainty: head } = training.init(2);
  const stored = (await load(2)).params;
  for (const name of ['unet.emb_fourier.freqs', 'unet.emb_fourier.phases'])
    expect(params[name]?.dataSync()).toEqual(stored[name]?.dataSync());
  expect(Object.keys(params)).toEqual(Object.keys(stored));
  expect(Object.keys(head)).toEqual(uncertainty.parameters.map(({ name }) => name));
});

test('a state with other averages is refused by name', async () => {
  const state = await load(2);
  const other = createTrainStep({ unet, uncertainty, optimizer: adam(), emaSigmaRels: [0.05, 0.1] });
  const message =
    'state.ema to hold 0.05, 0.1, got 0.05, 0.1, halflife. Create the step with the averages that the state was begun with.';
  expect(() => other.step(state, batch(2))).toThrow(`step: expected ${message}`);
  expect(() => other.apply(state, other.zeroGradients(), batch(2))).toThrow(`apply: expected ${message}`);
});
