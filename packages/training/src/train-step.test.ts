import '@tensorflow/tfjs';
import { createUNet, forceWeightNorm } from '@edm2/edm2-unet';
import { createUncertainty } from '@edm2/loss-weighting';
import { weightNorm } from '@edm2/mp-layers';
import { powerEmaBeta, sigmaRelToGamma } from '@edm2/phema';
import { createRandom } from '@edm2/random';
import { relativeError } from '@edm2/test-support';
import {
  type Average,
  adam,
  createTrainStep,
  halfLifeEma,
  type Optimizer,
  type Params,
  powerEma,
  type TrainBatch,
  type TrainState,
} from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const options = { imgResolution: 4, imgChannels: 1, modelChannels: 8, channelMult: [1], numBlocks: 1, dropout: 0.5 };
const unet = createUNet({ ...options, labelDim: 2, channelsPerHead: 8, attnResolutions: [4] });
const uncertainty = createUncertainty({ channels: 16 });
const training = createTrainStep({ unet, uncertainty, optimizer: adam() });

/** Gradient descent: linear in the gradients, so that sums of shares can be compared exactly. */
const descent: Optimizer<Record<string, never>> = {
  init: () => ({}),
  update: (params, grads, moments, rate) => ({
    params: Object.fromEntries(
      Object.entries(params).map(([name, x]) => [name, tf.sub(x, tf.mul(grads[name] ?? 0, rate))]),
    ),
    moments,
  }),
};

/** Gains start at 0 and would hide the conditioning and the whole net from the loss. */
function started<M extends TrainState['moments']>(state: TrainState<M>): TrainState<M> {
  const params = Object.fromEntries(
    Object.entries(state.params).map(([name, x]) => [name, name.endsWith('_gain') ? tf.scalar(0.3) : x]),
  );
  return { ...state, params };
}

function makeBatch(n: number, rate = 0.01): TrainBatch {
  const random = createRandom(5);
  const image = (what: string) => tf.tensor4d(random.stream(what).normal(n * 16), [n, 4, 4, 1]);
  return {
    images: tf.mul(image('images'), 0.5),
    noise: image('noise'),
    sigma: tf.exp(tf.tensor1d(random.stream('sigma').normal(n))),
    labels: tf.oneHot(tf.tensor1d(random.stream('labels').integers(n, 2), 'int32'), 2).toFloat(),
    learningRate: tf.scalar(rate),
    t: tf.scalar(n),
    dt: tf.scalar(n),
  };
}

const slice = (batch: TrainBatch, from: number, count: number): TrainBatch => ({
  ...batch,
  images: tf.slice(batch.images, from, count),
  noise: tf.slice(batch.noise, from, count),
  sigma: tf.slice(batch.sigma, from, count),
  labels: tf.slice(batch.labels ?? tf.zeros([4, 2]), from, count),
});

const values = (params: Params): Record<string, number[]> =>
  Object.fromEntries(Object.entries(params).map(([name, x]) => [name, [...x.dataSync()]]));
const flat = (params: Params): number[] => Object.values(values(params)).flat();
const trainedOf = ({ params, uncertainty: head }: TrainState): Params => ({ ...params, ...head });

describe('init', () => {
  test('describes a whole state: buffers in params, one track per length, moments of everything trained', () => {
    const state = training.init(1);
    expect(Object.keys(state.params)).toEqual(unet.parameters.map(({ name }) => name));
    expect(Object.keys(state.uncertainty)).toEqual(uncertainty.parameters.map(({ name }) => name));
    expect(Object.keys(state.ema)).toEqual(['0.05', '0.1']);
    for (const record of [...Object.values(state.ema), state.moments.first, state.moments.second])
      expect(Object.keys(record)).toEqual(training.trained);
    expect(training.trained).toContain('logvar_linear.weight');
    expect(training.trained.filter((name) => /freqs|phases/.test(name))).toEqual([]);
  });

  test('depends on the seed alone', () => {
    expect(values(trainedOf(training.init(3)))).toEqual(values(trainedOf(training.init(3))));
    expect(values(trainedOf(training.init(3)))).not.toEqual(values(trainedOf(training.init(4))));
  });

  test('shares no memory between tensors, so that all may be donated', () => {
    const { params, uncertainty: head, moments, ema } = training.init(1);
    const tensors = [params, head, moments.first, moments.second, ...Object.values(ema)].flatMap((record) =>
      Object.values(record),
    );
    expect(new Set(tensors.map((x) => x.dataId)).size).toBe(tensors.length);
  });
});

describe('step', () => {
  test('is pure: the same arguments give the same bits, and nothing is kept or disposed', () => {
    const state = started(training.init(1));
    const batch = makeBatch(2);
    const before = tf.memory().numTensors;
    const first = training.step(state, batch);
    const second = training.step(state, batch);
    expect(values(trainedOf(second.state))).toEqual(values(trainedOf(first.state)));
    expect(values(second.state.ema['0.1'] ?? {})).toEqual(values(first.state.ema['0.1'] ?? {}));
    tf.dispose([first, second]);
    expect(tf.memory().numTensors).toBe(before);
    expect([...flat(trainedOf(state)), ...batch.images.dataSync()].every(Number.isFinite)).toBe(true);
  });

  test('forces the weights before the loss: at rate 0 the stored weights come back normalised, all else as it was', () => {
    const state = started(training.init(1));
    const { state: next } = training.step(state, makeBatch(2, 0));
    const forced = { ...forceWeightNorm(unet, state.params), ...state.uncertainty };
    forced['logvar_linear.weight'] = weightNorm(state.uncertainty['logvar_linear.weight'] ?? tf.zeros([16, 1]));
    expect(values(trainedOf(next))).toEqual(values(forced));
  });

  test('and not after the update: a step leaves weights that are off the sphere', () => {
    const { state: next } = training.step(started(training.init(1)), makeBatch(2, 0.1));
    const weight = next.params['unet.out_conv.weight'] ?? tf.zeros([1]);
    expect(relativeError(weight.dataSync(), weightNorm(weight).dataSync())).toBeGreaterThan(1e-3);
    // By Adam's step of 0.1 in every entry, though, not more.
    expect(relativeError(weight.dataSync(), weightNorm(weight).dataSync())).toBeLessThan(0.1);
  });

  test('so the length of the stored weights does not matter', () => {
    const state = started(training.init(1));
    const scaled = forceLengths(state, 7);
    const [a, b] = [state, scaled].map((s) => flat(trainedOf(training.step(s, makeBatch(2)).state)));
    // Of the eps of 1e-4 in the normalisation, beside an RMS of about 1 or 7.
    expect(relativeError(b ?? [], a ?? [])).toBeLessThan(1e-3);
  });

  test('leaves weights alone in configs without forced normalisation', () => {
    const plain = createUNet({ ...options, config: 'D', modelChannels: 32, dropout: 0 });
    const steps = createTrainStep({ unet: plain, uncertainty, optimizer: adam() });
    const state = steps.init(1);
    const { labels: _, ...batch } = makeBatch(2, 0);
    expect(values(trainedOf(steps.step(state, batch).state))).toEqual(values(trainedOf(state)));
  });

  test('reports the mean of the loss map, and the loss before the uncertainty per image', () => {
    const state = started(training.init(1));
    const batch = makeBatch(3);
    const { metrics } = training.step(state, batch);
    expect(metrics.rawLoss.shape).toEqual([3]);
    const head = { ...state.uncertainty };
    const u = uncertainty.apply(head, tf.div(tf.log(batch.sigma), 4));
    const perImage = tf.add(tf.mul(metrics.rawLoss, tf.exp(tf.neg(u))), u);
    expect(metrics.loss.shape).toEqual([]);
    expect(metrics.loss.dataSync()[0]).toBeCloseTo(tf.mean(perImage).dataSync()[0] ?? Number.NaN, 4);
  });

  test('without uncertainty and with another loss weight, the loss is the weighted error', () => {
    const steps = createTrainStep({
      unet,
      optimizer: adam(),
      lossWeight: (sigma) => tf.mul(sigma, 2),
      emaSigmaRels: [],
    });
    const state = started(steps.init(1));
    const batch = makeBatch(3);
    const { metrics } = steps.step(state, batch);
    expect(metrics.loss.dataSync()[0]).toBeCloseTo(tf.mean(metrics.rawLoss).dataSync()[0] ?? Number.NaN, 4);
    const edm = createTrainStep({ unet, optimizer: adam() }).step(state, batch);
    const ratio = tf.div(metrics.rawLoss, edm.metrics.rawLoss).dataSync();
    const expected = [...batch.sigma.dataSync()].map((s) => (2 * s) / (1 / s ** 2 + 4));
    expect(relativeError(ratio, expected)).toBeLessThan(1e-5);
    expect(state.uncertainty).toEqual({});
    expect(Object.keys(state.ema)).toEqual([]);
  });

  test('applies dropout masks: ones change nothing, others do', () => {
    const state = started(training.init(1));
    const masks = (value: (shape: number[]) => tf.Tensor): Params =>
      Object.fromEntries(Object.entries(unet.dropoutShapes(2)).map(([name, shape]) => [name, value(shape)]));
    const loss = (dropoutMasks?: Params) =>
      training.step(state, { ...makeBatch(2), ...(dropoutMasks && { dropoutMasks }) }).metrics.loss.dataSync()[0];
    expect(loss(masks((shape) => tf.ones(shape)))).toBe(loss());
    expect(loss(masks((shape) => tf.zeros(shape)))).not.toBeCloseTo(loss() ?? 0, 4);
  });

  test('averages with the power function, whatever the stride: dt images since the last step, t after it', () => {
    const state = started(training.init(1));
    const batch = makeBatch(2);
    const { state: next } = training.step(state, { ...batch, t: tf.scalar(300), dt: tf.scalar(100) });
    for (const sigmaRel of ['0.05', '0.1']) {
      const beta = powerEmaBeta(sigmaRelToGamma(Number(sigmaRel)), 300, 100);
      for (const name of ['unet.out_conv.weight', 'logvar_linear.weight']) {
        const old = state.ema[sigmaRel]?.[name]?.dataSync() ?? [];
        const now = trainedOf(next)[name]?.dataSync() ?? [];
        const expected = Array.from(now, (x, i) => beta * (old[i] ?? 0) + (1 - beta) * x);
        expect(relativeError(next.ema[sigmaRel]?.[name]?.dataSync() ?? [], expected)).toBeLessThan(1e-6);
      }
    }
  });
});

describe('averages', () => {
  /** Of one's own: the mean of all parameters since the start. It counts beside what it averages. */
  const mean: Average = {
    name: 'mean',
    init: (params) => ({ ...powerEma(0.1).init(params), count: tf.scalar(0) }),
    step: ({ count, ...average }, params) =>
      tf.tidy(() => {
        const next = tf.add(count ?? 0, 1);
        const moved = Object.entries(average).map(([name, x]) => [
          name,
          tf.add(x, tf.div(tf.sub(params[name] ?? 0, x), next)),
        ]);
        return { ...Object.fromEntries(moved), count: next };
      }),
  };

  test('are any objects of their form: lengths, a traditional one, one of one’s own', () => {
    const averages = [powerEma(0.2), halfLifeEma({ halfLife: 4 }), mean];
    const steps = createTrainStep({ unet, uncertainty, optimizer: adam(), averages });
    let state = started(steps.init(1));
    const seen: number[][] = [];
    for (let i = 0; i < 2; i++) {
      ({ state } = steps.step(state, { ...makeBatch(2), t: tf.scalar(2 * i + 2) }));
      seen.push(flat(trainedOf(state)));
    }
    expect(Object.keys(state.ema)).toEqual(['0.2', 'halflife', 'mean']);
    const { count, ...average } = state.ema['mean'] ?? {};
    expect(count?.dataSync()[0]).toBe(2);
    const name = 'unet.out_conv.weight';
    const [a, b] = [0, 1].map((i) => seen[i]?.length);
    expect(a).toBe(b);
    // The same training with the default lengths: averages do not act on what they average.
    const plain = createTrainStep({ unet, uncertainty, optimizer: adam() });
    let other = started(plain.init(1));
    const weights: number[][] = [];
    for (let i = 0; i < 2; i++) {
      ({ state: other } = plain.step(other, { ...makeBatch(2), t: tf.scalar(2 * i + 2) }));
      weights.push([...(other.params[name]?.dataSync() ?? [])]);
    }
    expect(flat(trainedOf(other))).toEqual(seen[1]);
    const expected = weights[0]?.map((x, i) => (x + (weights[1]?.[i] ?? 0)) / 2) ?? [];
    expect(relativeError(average[name]?.dataSync() ?? [], expected)).toBeLessThan(1e-6);
  });

  test('emaSigmaRels is short for power-function ones, beside others too; none of two may share a name', () => {
    const make = (more: object) => createTrainStep({ unet, uncertainty, optimizer: adam(), ...more });
    const names = (more: object): string[] => Object.keys(make(more).init(1).ema);
    expect(names({})).toEqual(['0.05', '0.1']);
    expect(names({ averages: [] })).toEqual([]);
    expect(names({ emaSigmaRels: [] })).toEqual([]);
    expect(names({ emaSigmaRels: [0.2], averages: [halfLifeEma({ halfLife: 1 })] })).toEqual(['0.2', 'halflife']);
    expect(() => make({ emaSigmaRels: [0.1], averages: [powerEma(0.1)] })).toThrow(
      'createTrainStep: expected averages of different names, got 0.1 twice.',
    );
    expect(() => make({ emaSigmaRels: [0.3] })).toThrow(RangeError);
  });
});

/** Every stored weight longer by a factor. */
function forceLengths<M extends TrainState['moments']>(state: TrainState<M>, factor: number): TrainState<M> {
  const longer = (params: Params): Params =>
    Object.fromEntries(
      Object.entries(params).map(([name, x]) => [name, name.endsWith('.weight') ? tf.mul(x, factor) : x]),
    );
  return { ...state, params: longer(state.params), uncertainty: longer(state.uncertainty) };
}

describe('gradients that are not finite', () => {
  test('become 0, each for itself', () => {
    const steps = createTrainStep({ unet, uncertainty, optimizer: descent });
    const state = started(steps.init(1));
    const at = (name: string, bad: number[]): Params => ({
      ...steps.zeroGradients(),
      [name]: tf.reshape(tf.tensor1d(bad), [16, 1]),
    });
    const bad = new Array<number>(16).fill(1);
    const zeroed = [...bad];
    for (const [i, value] of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].entries()) {
      bad[3 * i] = value;
      zeroed[3 * i] = 0;
    }
    const [a, b] = [bad, zeroed].map((g) => steps.apply(state, at('logvar_linear.weight', g), makeBatch(2)));
    expect(a && values(trainedOf(a))).toEqual(b && values(trainedOf(b)));
  });

  test('cost an update but not the run: a broken image leaves finite weights, and a loss that tells', () => {
    const state = started(training.init(1));
    const batch = makeBatch(2);
    const broken = { ...batch, images: tf.mul(batch.images, Number.POSITIVE_INFINITY) };
    const { state: next, metrics } = training.step(state, broken);
    expect(Number.isFinite(metrics.loss.dataSync()[0])).toBe(false);
    expect(flat(trainedOf(next)).every(Number.isFinite)).toBe(true);
    expect(values(trainedOf(next))).toEqual(values(trainedOf(training.step(state, makeBatch(2, 0)).state)));
  });
});

describe('accumulate and apply', () => {
  const steps = createTrainStep({ unet, uncertainty, optimizer: descent });
  const state = started(steps.init(1));
  const batch = makeBatch(4, 0.1);

  test.each([[[4]], [[2, 2]], [[1, 3]]])('microbatches of %j make the step of the whole batch', (parts) => {
    const whole = steps.step(state, batch);
    let gradients = steps.zeroGradients();
    let raw: number[] = [];
    let from = 0;
    for (const count of parts) {
      const next = steps.accumulate(state, gradients, slice(batch, from, count));
      gradients = next.gradients;
      raw = [...raw, ...next.metrics.rawLoss.dataSync()];
      from += count;
    }
    const applied = steps.apply(state, gradients, batch);
    const change = (to: TrainState): number[] => {
      const forced = { ...forceWeightNorm(unet, state.params), 'logvar_linear.weight': weightNorm(headWeight(state)) };
      return steps.trained.flatMap((name) => [
        ...tf.sub(trainedOf(to)[name] ?? 0, forced[name as keyof typeof forced] ?? 0).dataSync(),
      ]);
    };
    // The order of additions is all that differs.
    expect(relativeError(change(applied), change(whole.state))).toBeLessThan(1e-5);
    expect(relativeError(raw, whole.metrics.rawLoss.dataSync())).toBeLessThan(1e-5);
    expect(relativeError(flat(applied.ema['0.05'] ?? {}), flat(whole.state.ema['0.05'] ?? {}))).toBeLessThan(1e-6);
  });

  test('keep nothing but their results', () => {
    const gradients = steps.zeroGradients();
    const before = tf.memory().numTensors;
    const shares = steps.accumulate(state, gradients, batch);
    expect(tf.memory().numTensors).toBe(before + steps.trained.length + 2);
    tf.dispose([shares, steps.apply(state, gradients, batch)]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

const headWeight = (state: TrainState): tf.Tensor => state.uncertainty['logvar_linear.weight'] ?? tf.zeros([16, 1]);

describe('errors', () => {
  const state = training.init(1);
  const batch = makeBatch(2);

  test('name what of the state belongs to another net', () => {
    const { 'unet.out_gain': gain, ...rest } = state.params;
    expect(gain?.shape).toEqual([]);
    expect(() => training.step({ ...state, params: rest }, batch)).toThrow(
      'step: expected state.params to hold unet.out_gain [], got nothing. This state belongs to another net or config.',
    );
    const wider = { ...state.params, 'unet.out_conv.weight': tf.zeros([3, 3, 16, 1]) };
    expect(() => training.step({ ...state, params: wider }, batch)).toThrow(
      'unet.out_conv.weight [3,3,8,1], got [3,3,16,1]',
    );
    const more = { ...state.uncertainty, other: tf.scalar(1) };
    expect(() => training.step({ ...state, uncertainty: more }, batch)).toThrow('hold 3 tensors, got other besides');
  });

  test('name what of the batch does not fit', () => {
    expect(() => training.step(state, { ...batch, noise: tf.zeros([1, 4, 4, 1]) })).toThrow(
      "expected noise of the images' shape",
    );
    expect(() => training.step(state, { ...batch, sigma: tf.zeros([2, 1]) })).toThrow('expected sigma as [2]');
    expect(() => training.step(state, { ...batch, images: tf.zeros([2, 16]) })).toThrow('images as [N, H, W, C]');
    expect(() => training.step(state, { ...batch, learningRate: tf.zeros([1]) })).toThrow('learningRate as a scalar');
    expect(() => training.accumulate(state, {}, { ...batch, dt: tf.zeros([2]) })).toThrow('accumulate: expected dt');
  });
});
