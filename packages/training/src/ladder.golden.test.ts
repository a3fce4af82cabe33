import '@tensorflow/tfjs';
import { type GoldenArray, readGolden, relativeError, useQuickFilterGradient } from '@edm2/test-support';
import { type AdamMoments, type TrainState, trainingLadder } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { ENGINES_ONCE } from './engines.fixture.js';
import { goldenRun } from './golden-run.fixture.js';

const LETTERS = ['A', 'B', 'C', 'D', 'E', 'F'] as const;

/** Softmax ignores a shift of all keys: the k part of that bias has gradient 0, and Adam moves it by rounding alone. */
const withoutKeys = (name: string, values: ArrayLike<number>): number[] =>
  Array.from(values).filter((_, i) => !(name.endsWith('attn_qkv.bias') && i % 3 === 1));

test.each(LETTERS)('the recipe of %s is what its file was made with', (letter) => {
  const { metadata } = readGolden(`ladder-${letter.toLowerCase()}`);
  const { referenceRate, beta2, pMean, pStd, lossScale, decayBatches } = trainingLadder[letter];
  expect([referenceRate, pMean, pStd, lossScale]).toEqual(
    ['lr_ref', 'P_mean', 'P_std', 'loss_scaling'].map((key) => Number(metadata[key])),
  );
  expect(JSON.parse(metadata['adam'] ?? '{}').betas).toEqual([0.9, beta2]);
  // The file's decay begins after 2 batches, so that three steps show it.
  expect(decayBatches > 0).toBe(Number(metadata['ref_batches']) > 0);
});

// The donated state is held to plain runs elsewhere.
describe.each(ENGINES_ONCE)('on $name', ({ absent, start }) => {
  describe.skipIf(absent !== undefined).each(LETTERS)('three steps of config %s', (letter) => {
    const file = `ladder-${letter.toLowerCase()}`;
    const run = goldenRun(file, `${file}-steps`);
    let before: TrainState<AdamMoments>;
    let after: TrainState<AdamMoments>;
    const losses: number[] = [];

    beforeAll(async () => {
      const compile = await start();
      useQuickFilterGradient();
      const step = compile(run.training.step);
      before = run.start();
      after = before;
      for (let i = 0; i < run.steps; i++) {
        const { state, metrics } = step(after, run.batch(i));
        losses.push(metrics.loss.dataSync()[0] ?? Number.NaN);
        after = state;
      }
    });

    test('losses', () => {
      expect(losses).toHaveLength(3);
      expect(relativeError(losses, run.losses)).toBeLessThan(1e-5);
    });

    test('what the steps changed', () => {
      const [init, steps] = [readGolden(file).under('init.'), readGolden(`${file}-steps`)];
      const whole = Object.entries(steps.under('train.after3.')).map((entry) => [...entry, 1] as const);
      const parts = Object.entries(steps.under('train.after3_rows.')).map((entry) => [...entry, 8] as const);
      expect([...whole, ...parts].map(([name]) => name).sort()).toEqual([...run.training.trained].sort());
      const [then, now] = [before, after].map((state) => ({ ...state.params, ...state.uncertainty }));
      const off = [...whole, ...parts].flatMap(([name, { data }, every]) => {
        const start = rowsOf(init[name] ?? { shape: [], data: [] }, every);
        const stored = Array.from(data, (x, i) => x - (start[i] ?? Number.NaN));
        const ours = inFile(tf.sub(now?.[name] ?? Number.NaN, then?.[name] ?? 0), every);
        // Adam turns a gradient's sign into a step: PyTorch's own float32 is up to 4.3e-4 away.
        const error = relativeError(withoutKeys(name, ours), withoutKeys(name, stored));
        return error < 2e-3 ? [] : [`${name} ${error}`];
      });
      expect(off).toEqual([]);
    });
  });
});

/** Every n-th of the first axis. */
const rowsOf = ({ shape, data }: Pick<GoldenArray, 'shape'> & { data: ArrayLike<number> }, every: number): number[] => {
  const length = data.length / (shape[0] ?? 1);
  return Array.from(data).filter((_, i) => Math.floor(i / length) % every === 0);
};

/** In the files' layout, every n-th output. */
function inFile(tensor: tf.Tensor, every: number): number[] {
  const outFirst = tensor.rank < 2 ? tensor : tf.transpose(tensor, tensor.rank === 4 ? [3, 2, 0, 1] : [1, 0]);
  return rowsOf({ shape: outFirst.shape, data: outFirst.dataSync() }, every);
}
