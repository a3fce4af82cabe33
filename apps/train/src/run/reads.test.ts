import '@tensorflow/tfjs';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataset } from '@edm2/dataset';
import { startEngine } from '@edm2/engine';
import { createRandom } from '@edm2/random';
import type { Engine } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { encode } from 'fast-png';
import { afterAll, expect, test, vi } from 'vitest';
import { runConfigSchema } from '../options/run-config.js';
import { fittingBatch } from './out-of-memory.js';
import { prepareRunFolder } from './run-folder.js';
import { trainRun } from './train-run.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-reads-'));
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(scratch, { recursive: true, force: true });
});

/** The engine, which notes when it is given work. */
const noting = (engine: Engine, note: (what: string) => void): Engine => ({
  ...engine,
  compile(graph, options) {
    const executable = engine.compile(graph, options);
    return {
      dispose: () => executable.dispose(),
      run(inputs) {
        note('step');
        return executable.run(inputs);
      },
    };
  },
});

/** Makes a run of few steps. */
async function begin(name: string, duration: number) {
  const data = join(scratch, `${name}-data`);
  mkdirSync(data);
  const random = createRandom(1);
  for (let i = 0; i < 8; i++) {
    const pixels = Uint8Array.from(random.stream('image', i).integers(16, 256));
    writeFileSync(join(data, `${i}.png`), encode({ width: 4, height: 4, channels: 1, depth: 8, data: pixels }));
  }
  const dataset = await openDataset(data);
  const every = { status: 20, snapshot: 1000, checkpoint: 1000, preview: 0 };
  const config = runConfigSchema.parse({
    ...{ format: 'edm2-run-1', preset: 'mnist', config: 'G', data, dataFingerprint: dataset.fingerprint },
    ...{ seed: 3, duration, batch: 4, batchGpu: 4, lr: 0.01, decay: 20, rampupMimg: 0.001, dropout: 0.1 },
    ...{ ...every, pMean: -0.4, pStd: 1, sigmaData: 0.5, emaSigmaRels: [0.05] },
    network: {
      ...{ imgResolution: 4, imgChannels: 1, labelDim: 0, modelChannels: 8, channelMult: [1], numBlocks: 1 },
      ...{ attnResolutions: [], channelsPerHead: 8 },
    },
  });
  const outdir = join(scratch, name);
  await prepareRunFolder(outdir, config, false);
  const report = await startEngine('onnxruntime', { threads: 1 });
  const run = (around: (engine: Engine) => Engine, resume = false) =>
    trainRun({
      ...{ config, dataset, outdir, resume, say: () => {}, resumeCommand: 'edm2 train --resume' },
      engine: { ...report, engine: around(report.engine as Engine) },
      signal: new AbortController().signal,
    });
  return { run, outdir, dataset };
}

test('between status ticks steps follow one another, and nothing is read', async () => {
  const { run, dataset } = await begin('reads', 60);
  const notes: string[] = [];
  const note = (what: string): void => void notes.push(what);
  for (const way of ['read', 'readSync'] as const) {
    const plain = tf.engine()[way].bind(tf.engine()) as never;
    vi.spyOn(tf.engine(), way).mockImplementation(((dataId: object) => {
      note('read');
      return (plain as (dataId: object) => unknown)(dataId);
    }) as never);
  }
  await run((engine) => noting(engine, note));
  vi.restoreAllMocks();
  await dataset.close();
  // Steps 1 (when training has begun), 5, 10 and 15, of which the last writes what a run ends with.
  const spans = notes.join(' ').split(/(?: read)+(?: |$)/);
  expect(spans.filter((span) => span !== '').map((span) => span.split(' '))).toEqual(
    [1, 4, 5, 5].map((steps) => Array(steps).fill('step')),
  );
});

/** An engine whose device is full at its seventh step. */
const full = (engine: Engine): Engine => {
  let steps = 0;
  return noting(engine, () => {
    if (++steps !== 7) return;
    const error = new Error('xla: expected LoadedExecutable_Execute to succeed, got error 8: no memory');
    throw Object.assign(error, { reason: 'OUT_OF_MEMORY' });
  });
};

test('a step without memory says which batch would fit, and the run goes on from the step before', async () => {
  const { run, outdir, dataset } = await begin('full', 40);
  await expect(run(full)).rejects.toThrow(
    /expected memory for 4 images at once at 24 images, got none \(.*error 8.*\)\. A run with --batch-gpu 2 would fit.* Nothing is lost: training state .*training-state-0000000\.safetensors\. .*continue with: edm2 train --resume/,
  );
  await run((engine) => engine, true);
  expect(readdirSync(outdir)).toContain('training-state-0000000.040.safetensors');
  await dataset.close();
});

test.each([
  [64, 64, undefined, undefined, 32],
  [64, 64, 16e9, 4e9, 16],
  [48, 24, 10e9, 7.5e9, 16],
  [7, 7, undefined, undefined, 1],
  [4, 1, undefined, undefined, undefined],
])('of %i images, %i at once, %o bytes wanted and %o free: %o', (batch, batchGpu, requested, free, fits) => {
  expect(fittingBatch({ batch, batchGpu }, requested, free)).toBe(fits);
});
