import '@tensorflow/tfjs';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@edm2/engine';
import { type Engine, jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, test } from 'vitest';
import { fittingBatch } from './out-of-memory.js';
import { noting, smallRun } from './small-run.fixture.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-full-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** An engine whose device is full at its seventh step. */
const full = (engine: Engine): Engine => {
  let steps = 0;
  return noting(engine, (inputs) => {
    if (++steps !== 7) return inputs;
    const error = new Error('xla: expected LoadedExecutable_Execute to succeed, got error 8: no memory');
    throw Object.assign(error, { reason: 'OUT_OF_MEMORY' });
  });
};

test('a step without memory says which batch would fit, and the run goes on from the step before', async () => {
  const { run, outdir, dataset } = await smallRun(scratch, 'full', { duration: 40 });
  await expect(run(full)).rejects.toThrow(
    /expected memory for 4 images at once at 24 images, got none \(.*error 8.*\)\. A run with --batch-gpu 2 would fit.* Nothing is lost: training state .*training-state-0000000\.safetensors\. .*continue with: edm2 train --resume/,
  );
  await run((engine) => engine, true);
  expect(readdirSync(outdir)).toContain('training-state-0000000.040.safetensors');
  await dataset.close();
});

/** Why XLA's plugin cannot be asked; undefined when it can. */
const absent = await startEngine('xla').then(
  () => undefined,
  (error: Error) => {
    if (!/Run: npx tfjs-xla install/.test(error.message)) throw error;
    return 'not installed: npx tfjs-xla install --cpu';
  },
);
await tf.setBackend('cpu');

/** 2^48 numbers to be sorted: no machine has room for them, which shows when the call is under way. */
const tooMuch = (rate: tf.Tensor, x: tf.Tensor): tf.Tensor =>
  tf.add(rate, tf.sum(tf.topk(tf.add(tf.reshape(x, [1, -1]), tf.reshape(x, [-1, 1])), x.size).values));

/** An engine whose n-th step is given a learning rate that ends for want of memory: the step takes its state along. */
const fullOnItsWay =
  (n: number) =>
  (engine: Engine): Engine => {
    let steps = 0;
    const hungry = jit(tooMuch, { engine });
    return noting(engine, (inputs, { names }) => {
      const at = names?.inputs.indexOf('1.learningRate') ?? -1;
      if (at < 0 || ++steps !== n) return inputs;
      return inputs.with(at, hungry(inputs[at] as tf.Tensor, tf.zeros([2 ** 24])));
    });
  };

const stateAt40 = (folder: string): Buffer => readFileSync(join(folder, 'training-state-0000000.040.safetensors'));

describe.skipIf(absent !== undefined)(
  `a step that fails on its way, on XLA${absent ? `, skipped: ${absent}` : ''}`,
  () => {
    test('leaves the last training state whole, and the run goes on from it as if nothing had been', async () => {
      const options = { duration: 40, checkpoint: 20, engine: 'xla' } as const;
      const whole = await smallRun(scratch, 'whole', options);
      await whole.run((engine) => engine);
      await whole.dataset.close();

      const { run, outdir, dataset } = await smallRun(scratch, 'lost', options);
      const before = tf.memory().numTensors;
      await expect(run(fullOnItsWay(7))).rejects.toThrow(
        /expected memory for 4 images at once at \d+ images, got none \(.*error 8.*\)\. A run with --batch-gpu 2 would fit, .*\. The step took its state with it; the last training state is whole\. .*continue with: edm2 train --resume/s,
      );
      // The zeros and the rate that spoilt the step.
      expect(tf.memory().numTensors).toBe(before + 2);
      const states = () => readdirSync(outdir).filter((name) => name.startsWith('training-state'));
      expect(states()).toEqual(['training-state-0000000.safetensors']);
      expect(readdirSync(outdir).filter((name) => name.endsWith('.tmp'))).toEqual([]);

      await run((engine) => engine, true);
      await dataset.close();
      expect(stateAt40(outdir).equals(stateAt40(whole.outdir))).toBe(true);
    });

    test('before anything was saved, says that it begins anew', async () => {
      const { run, outdir, dataset } = await smallRun(scratch, 'early', { duration: 40, engine: 'xla' });
      await expect(run(fullOnItsWay(3))).rejects.toThrow(
        /--batch-gpu 2 would fit.*The step took its state with it, and no training state was written before: .*edm2 train --resume/s,
      );
      expect(readdirSync(outdir).filter((name) => name.includes('training-state'))).toEqual([]);
      await dataset.close();
    });
  },
);

test.each([
  [64, 64, undefined, undefined, 32],
  [64, 64, 16e9, 4e9, 16],
  [48, 24, 10e9, 7.5e9, 16],
  [7, 7, undefined, undefined, 1],
  [4, 1, undefined, undefined, undefined],
])('of %i images, %i at once, %o bytes wanted and %o free: %o', (batch, batchGpu, requested, free, fits) => {
  expect(fittingBatch({ batch, batchGpu }, requested, free)).toBe(fits);
});
