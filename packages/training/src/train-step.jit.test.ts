import '@tensorflow/tfjs';
import { createUNet } from '@edm2/edm2-unet';
import { createUncertainty } from '@edm2/loss-weighting';
import { createRandom } from '@edm2/random';
import { tensorflowGraph } from '@edm2/test-engines';
import { relativeError } from '@edm2/test-support';
import { checkpoint, jit } from '@edm2/tfjs-jit';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import { adam, createTrainStep, type TrainBatch } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

const unet = createUNet({
  imgResolution: 4,
  imgChannels: 1,
  modelChannels: 8,
  channelMult: [1],
  numBlocks: 1,
  attnResolutions: [4],
  channelsPerHead: 8,
});
const training = createTrainStep({ unet, uncertainty: createUncertainty(), optimizer: adam() });
type State = ReturnType<typeof training.init>;

function batch(step: number): TrainBatch {
  const draws = createRandom(3).stream('batch', step);
  const image = () => tf.tensor4d(draws.normal(64), [4, 4, 4, 1]);
  const [t, dt] = [tf.scalar(4 * step + 4), tf.scalar(4)];
  return {
    images: image(),
    noise: image(),
    sigma: tf.exp(tf.tensor1d(draws.normal(4))),
    learningRate: tf.scalar(0.01),
    t,
    dt,
  };
}

const values = ({ params, uncertainty, ema }: State): number[] =>
  [params, uncertainty, ...Object.values(ema)].flatMap((record) =>
    Object.values(record).flatMap((x) => [...x.dataSync()]),
  );

let step: typeof training.step;
let compiled: ReturnType<typeof jit<Parameters<typeof training.step>, ReturnType<typeof training.step>>>;

beforeAll(async () => {
  const engine = await startOnnxRuntime({ threads: 1 });
  await tf.setBackend('onnxruntime');
  step = jit(training.step, { engine });
  compiled = jit(training.step, { engine, donate: [0] });
});

describe('a compiled step', () => {
  test('gives the same whether the state is donated or not, and consumes it only then', () => {
    let [kept, donated] = [training.init(0), training.init(0)];
    for (let i = 0; i < 3; i++) {
      const [before, used] = [kept, donated];
      kept = step(kept, batch(i)).state;
      donated = compiled(donated, batch(i)).state;
      expect(before.params['unet.out_conv.weight']?.isDisposed).toBe(false);
      expect(used.params['unet.out_conv.weight']?.isDisposed).toBe(true);
    }
    // Donated state is kept in the memory order that suits the engine, so sums may run in another order.
    expect(relativeError(values(donated), values(kept))).toBeLessThan(1e-5);
  });

  test('is compiled once and holds no more tensors after forty steps than after one', () => {
    let state = training.init(0);
    const advance = (i: number) =>
      tf.tidy(() => {
        const { state: next, metrics } = compiled(state, batch(i));
        tf.dispose(metrics);
        return next;
      });
    state = advance(0);
    const before = tf.memory().numTensors;
    for (let i = 1; i < 40; i++) state = advance(i);
    expect(tf.memory().numTensors).toBe(before);
    expect(compiled.cacheSize).toBe(1);
  });

  test('in microbatches comes to the same', () => {
    const accumulate = jit(training.accumulate);
    const apply = jit(training.apply);
    const state = training.init(0);
    const whole = batch(0);
    let gradients = training.zeroGradients();
    for (const from of [0, 2]) {
      const part = (x: tf.Tensor) => tf.slice(x, from, 2);
      const micro = { images: part(whole.images), noise: part(whole.noise), sigma: part(whole.sigma), dt: whole.dt };
      ({ gradients } = accumulate(state, gradients, micro));
    }
    // Adam's first step is the sign of each gradient: those that are all rounding may differ.
    const difference = relativeError(values(apply(state, gradients, whole)), values(step(state, whole).state));
    expect(difference).toBeLessThan(1e-4);
  });

  test('gives the same with checkpointed blocks, which it runs again', () => {
    const wide = createUNet({ ...unet.config, dropout: 0.1 });
    const options = { unet: wide, uncertainty: createUncertainty(), optimizer: adam() };
    const given = { ...batch(0), dropoutMasks: masks(wide.dropoutShapes(4)) };
    const results = [createTrainStep(options), createTrainStep({ ...options, checkpoint })].map((made) => {
      const run = jit(made.step);
      const state = made.init(0);
      const { state: next, metrics } = run(state, given);
      const { activations } = run.memory(made.init(0), given);
      run.dispose();
      return { moments: Object.values(next.moments.first).flatMap((x) => [...x.dataSync()]), activations, metrics };
    });
    const [plain, again] = results;
    expect(relativeError(again?.moments ?? [], plain?.moments ?? [])).toBeLessThan(1e-5);
    expect(again?.metrics.loss.dataSync()).toEqual(plain?.metrics.loss.dataSync());
    expect(again?.activations).toBeLessThan(0.9 * (plain?.activations ?? 0));
  });
});

describe('compiled for TensorFlow', () => {
  test('every parameter is one Adam kernel and one average kernel for each track', () => {
    const { count } = tensorflowGraph(training.step, [training.init(0), batch(0)], [0]);
    expect(training.trained.length).toBeGreaterThan(20);
    expect(count('ResourceApplyAdam')).toBe(training.trained.length);
    // The corrections of Adam's two moments move towards 1 in the same way.
    expect(count('ResourceApplyGradientDescent')).toBe(2 * training.trained.length + 2);
  });
});

/** 0 and 1/(1 − p), reproducibly. */
const masks = (shapes: Record<string, number[]>): Record<string, tf.Tensor> =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const kept = createRandom(4)
        .stream(name)
        .uniform(shape.reduce((a, b) => a * b, 1));
      return [
        name,
        tf.tensor(
          kept.map((u) => (u < 0.1 ? 0 : 1 / 0.9)),
          shape,
        ),
      ];
    }),
  );
