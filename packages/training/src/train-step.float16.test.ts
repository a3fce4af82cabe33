import '@tensorflow/tfjs';
import { createUNet } from '@edm2/edm2-unet';
import { createUncertainty } from '@edm2/loss-weighting';
import { createRandom } from '@edm2/random';
import { describeEngines } from '@edm2/test-engines';
import { jit } from '@edm2/tfjs-jit';
import { adam, createTrainStep, type Params, type TrainBatch, type TrainState } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';

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

/** Images so large that some gradients pass 65504, where float16 ends: 159 of 31,686 where this was written. */
function batch(): TrainBatch {
  const draws = createRandom(3).stream('batch');
  const image = () => tf.tensor4d(draws.normal(64), [4, 4, 4, 1]);
  return {
    images: tf.mul(image(), 1e3),
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

describeEngines('float16', (engine, name) => {
  if (name !== 'libtensorflow') {
    test('is refused, with a float32 step as the remedy', () => {
      const step = jit(training.step, { engine: engine(), precision: 'float16' });
      expect(() => step(start(), batch())).toThrow(/Leave precision out, or take an engine that has it/);
    });
    return;
  }

  test('gradients that overflow become 0, each for itself, and the weights stay finite', () => {
    const [exact, rounded] = (['float32', 'float16'] as const).map((precision) => {
      const compiled = jit(training.accumulate, { engine: engine(), precision });
      const gradients = flat(compiled(start(), training.zeroGradients(), batch()).gradients);
      compiled.dispose();
      return gradients;
    }) as [number[], number[]];
    const lost = rounded.map(broken);
    expect(exact.filter(broken)).toEqual([]);
    expect(lost).toContain(true);
    expect(lost).toContain(false);

    const step = jit(training.step, { engine: engine(), precision: 'float16', donate: [0] });
    const { state } = step(start(), batch());
    // Where no gradient arrived the moment is still 0; where one did it is not (or the gradient itself is 0).
    const moments = flat(state.moments.first);
    expect(moments.filter((m, i) => lost[i] && m !== 0)).toEqual([]);
    expect(moments.some((m, i) => !lost[i] && m !== 0)).toBe(true);
    let next = state;
    for (let i = 0; i < 3; i++) next = step(next, batch()).state;
    expect(trainedOf(next).filter(broken)).toEqual([]);
    expect(Object.values(next.ema).flatMap(flat).filter(broken)).toEqual([]);
    step.dispose();
  });
});
