import '@tensorflow/tfjs';
import { createUNet } from '@edm2/edm2-unet';
import { createUncertainty } from '@edm2/loss-weighting';
import { createRandom } from '@edm2/random';
import { describeEngines } from '@edm2/test-engines';
import { relativeError } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import { adam, createTrainStep, type Params, type TrainBatch, type TrainState } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

const unet = createUNet({ imgResolution: 4, imgChannels: 1, modelChannels: 16, channelMult: [1], numBlocks: 1 });
const training = createTrainStep({ unet, uncertainty: createUncertainty({ channels: 16 }), optimizer: adam() });

/** A state whose net reaches the loss: gains start at 0. */
function start(): TrainState<ReturnType<typeof training.init>['moments']> {
  const state = training.init(1);
  const params = Object.fromEntries(
    Object.entries(state.params).map(([name, x]) => [name, name.endsWith('_gain') ? tf.scalar(0.3) : x]),
  );
  return { ...state, params };
}

/** @param size - of the images; with 1e3 some gradients pass 65504, where float16 ends: 159 of 31,686 where this was written. */
function batch(size: number): TrainBatch {
  const draws = createRandom(3).stream('batch');
  const image = () => tf.tensor4d(draws.normal(64), [4, 4, 4, 1]);
  return {
    images: tf.mul(image(), size),
    noise: image(),
    sigma: tf.exp(tf.tensor1d(draws.normal(4))),
    learningRate: tf.scalar(0.01),
    t: tf.scalar(4),
    dt: tf.scalar(4),
  };
}

const broken = (x: number): boolean => !Number.isFinite(x);
const flat = (params: Params): number[] => training.trained.flatMap((name) => [...(params[name]?.dataSync() ?? [])]);
const trainedOf = ({ params, uncertainty }: { params: Params; uncertainty: Params }): number[] =>
  flat({ ...params, ...uncertainty });

/** Gradients by name at a state, of images as they are and so large that float16 overflows. */
type Gradients = Readonly<Record<string, Float32Array>>;

describeEngines('16 bit', (engine, name) => {
  if (!['libtensorflow', 'xla'].includes(name)) {
    test('is refused, with a float32 step as the remedy', () => {
      const step = jit(training.step, { engine: engine(), precision: 'float16' });
      expect(() => step(start(), batch(1e3))).toThrow(/Leave precision out, or take an engine that has it/);
    });
    return;
  }

  const gradients = (precision: 'float32' | 'bfloat16' | 'float16', batches: readonly TrainBatch[]): Gradients[] => {
    const compiled = jit(training.accumulate, { engine: engine(), precision });
    const made = batches.map((each) => {
      const { gradients } = compiled(start(), training.zeroGradients(), each);
      return Object.fromEntries(
        training.trained.map((key) => [key, Float32Array.from(gradients[key]?.dataSync() ?? [])]),
      );
    });
    compiled.dispose();
    return made;
  };
  const all = (of: Gradients | undefined): number[] => Object.values(of ?? {}).flatMap((values) => [...values]);
  let exact: Gradients[];
  let rounded: Gradients[];
  beforeAll(() => {
    exact = gradients('float32', [batch(0.5), batch(1e3)]);
    rounded = gradients('float16', [batch(0.5), batch(1e3)]);
  });

  // Operands and activations are rounded by up to 2^-9 and 2^-12, some twenty times on the way to the first layer. Gradients of
  // scalar gains are sums of all signs that all but cancel: they are held to the size of what is summed, not to themselves.
  test.each([
    ['bfloat16', 4e-2],
    ['float16', 5e-3],
  ] as const)(
    'gradients in %s are near those of float32, tensor by tensor, and not equal to them',
    (precision, bound) => {
      const [near] = precision === 'float16' ? rounded : gradients(precision, [batch(0.5)]);
      const errors = training.trained.map((key): [string, number] => [
        key,
        relativeError(near?.[key] ?? [], exact[0]?.[key] ?? []),
      ]);
      const large = errors.filter(([key]) => !key.endsWith('_gain'));
      for (const [key, error] of large) expect(error, `${precision} ${key}`).toBeLessThan(bound);
      expect(Math.max(...large.map(([, error]) => error))).toBeGreaterThan(bound / 100);
    },
  );

  /** Losses of some steps with their state donated, of images as they are; and the state after them. */
  const train = (precision: 'float32' | 'bfloat16' | 'float16') => {
    const step = jit(training.step, { engine: engine(), precision, donate: [0] });
    let state = start();
    const losses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const { state: next, metrics } = step(state, { ...batch(0.5), t: tf.scalar(4 * (i + 1)) });
      losses.push(metrics.loss.dataSync()[0] ?? Number.NaN);
      state = next;
    }
    step.dispose();
    return { losses, averages: Object.values(state.ema).map(flat), weights: trainedOf(state) };
  };
  let plain: ReturnType<typeof train> | undefined;

  // Adam makes a step of a gradient's sign: where rounding turns one of the smallest, a weight goes the other way.
  test.each([
    ['bfloat16', 2e-3, 5e-2],
    ['float16', 2e-4, 2e-2],
  ] as const)('steps in %s go where those in float32 go, and not exactly there', (precision, ofLosses, ofWeights) => {
    plain ??= train('float32');
    const steps = train(precision);
    const before = trainedOf(start());
    const changed = (values: readonly number[]): number[] => values.map((x, i) => x - (before[i] ?? Number.NaN));
    const errors = [
      relativeError(steps.losses, plain.losses),
      relativeError(changed(steps.weights), changed(plain.weights)),
      ...steps.averages.map((values, i) => relativeError(changed(values), changed(plain?.averages[i] ?? []))),
    ];
    expect(steps.losses.at(-1)).toBeLessThan(0.9 * (steps.losses[0] ?? 0));
    expect(steps.averages[0]).not.toEqual(steps.weights);
    expect(errors[0]).toBeLessThan(ofLosses);
    expect(errors[0]).toBeGreaterThan(ofLosses / 100);
    for (const error of errors.slice(1)) expect(error).toBeLessThan(ofWeights);
  });

  test('in bfloat16, which ends where float32 does, large images overflow nowhere', () => {
    const [, large] = gradients('bfloat16', [batch(0.5), batch(1e3)]);
    expect(all(large).filter(broken)).toEqual([]);
    expect(all(large).some((x) => Math.abs(x) > 65504)).toBe(true);
  });

  test('gradients that overflow become 0, each for itself, and the weights stay finite', () => {
    const lost = all(rounded[1]).map(broken);
    expect(all(exact[1]).filter(broken)).toEqual([]);
    expect(lost).toContain(true);
    expect(lost).toContain(false);

    const step = jit(training.step, { engine: engine(), precision: 'float16', donate: [0] });
    const { state } = step(start(), batch(1e3));
    // Where no gradient arrived the moment is still 0; where one did it is not (or the gradient itself is 0).
    const moments = flat(state.moments.first);
    expect(moments.filter((m, i) => lost[i] && m !== 0)).toEqual([]);
    expect(moments.some((m, i) => !lost[i] && m !== 0)).toBe(true);
    let next = state;
    for (let i = 0; i < 3; i++) next = step(next, batch(1e3)).state;
    expect(trainedOf(next).filter(broken)).toEqual([]);
    expect(Object.values(next.ema).flatMap(flat).filter(broken)).toEqual([]);
    step.dispose();
  });
});
