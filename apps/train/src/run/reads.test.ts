import '@tensorflow/tfjs';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

test('between status ticks steps follow one another, and nothing is read', async () => {
  const data = join(scratch, 'data');
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
    ...{ seed: 3, duration: 60, batch: 4, batchGpu: 4, lr: 0.01, decay: 20, rampupMimg: 0.001, dropout: 0.1 },
    ...{ ...every, pMean: -0.4, pStd: 1, sigmaData: 0.5, emaSigmaRels: [0.05] },
    network: {
      ...{ imgResolution: 4, imgChannels: 1, labelDim: 0, modelChannels: 8, channelMult: [1], numBlocks: 1 },
      ...{ attnResolutions: [], channelsPerHead: 8 },
    },
  });
  const outdir = join(scratch, 'run');
  await prepareRunFolder(outdir, config, false);
  const report = await startEngine('onnxruntime', { threads: 1 });
  const notes: string[] = [];
  const note = (what: string): void => void notes.push(what);
  for (const way of ['read', 'readSync'] as const) {
    const plain = tf.engine()[way].bind(tf.engine()) as never;
    vi.spyOn(tf.engine(), way).mockImplementation(((dataId: object) => {
      note('read');
      return (plain as (dataId: object) => unknown)(dataId);
    }) as never);
  }
  const engine = { ...report, engine: noting(report.engine as Engine, note) };
  const signal = new AbortController().signal;
  await trainRun({ config, dataset, outdir, engine, resume: false, signal, say: () => {}, resumeCommand: '' });
  await dataset.close();
  // Steps 1 (when training has begun), 5, 10 and 15, of which the last writes what a run ends with.
  const spans = notes.join(' ').split(/(?: read)+(?: |$)/);
  expect(spans.filter((span) => span !== '').map((span) => span.split(' '))).toEqual(
    [1, 4, 5, 5].map((steps) => Array(steps).fill('step')),
  );
});
