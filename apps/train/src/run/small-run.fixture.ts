import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset } from '@edm2/dataset';
import { type EngineName, type EngineReport, startEngine } from '@edm2/engine';
import { createRandom } from '@edm2/random';
import type { Engine } from '@edm2/tfjs-jit';
import { encode } from 'fast-png';
import { runConfigSchema } from '../options/run-config.js';
import { prepareRunFolder } from './run-folder.js';
import { trainRun } from './train-run.js';

type Compiled = Parameters<Engine['compile']>[1];
type Inputs = Parameters<ReturnType<Engine['compile']>['run']>[0];

/**
 * Test helper: the engine, which tells when it is given work.
 *
 * @param note - gets the inputs and their names, and gives what the call gets.
 */
export const noting = (engine: Engine, note: (inputs: Inputs, options: Compiled) => Inputs): Engine => ({
  ...engine,
  compile(graph, options) {
    const executable = engine.compile(graph, options);
    return {
      dispose: () => executable.dispose(),
      run: (inputs) => executable.run(note(inputs, options)),
    };
  },
});

/** What a small run is made of. */
export interface SmallRunOptions {
  /** Images that it sees; a step takes 4. */
  readonly duration: number;
  /** Images between training states; default: one at the end. */
  readonly checkpoint?: number;
  readonly engine?: EngineName;
}

/** Test helper: a run of few steps, on 8 images of 4 × 4 pixels. */
export async function smallRun(
  folder: string,
  name: string,
  { duration, checkpoint = 1000, engine = 'onnxruntime' }: SmallRunOptions,
) {
  const data = join(folder, `${name}-data`);
  mkdirSync(data);
  const random = createRandom(1);
  for (let i = 0; i < 8; i++) {
    const pixels = Uint8Array.from(random.stream('image', i).integers(16, 256));
    writeFileSync(join(data, `${i}.png`), encode({ width: 4, height: 4, channels: 1, depth: 8, data: pixels }));
  }
  const dataset = await openDataset(data);
  const every = { status: 20, snapshot: 1000, checkpoint, preview: 0 };
  const config = runConfigSchema.parse({
    ...{ format: 'edm2-run-1', preset: 'mnist', config: 'G', data, dataFingerprint: dataset.fingerprint },
    ...{ seed: 3, duration, batch: 4, batchGpu: 4, lr: 0.01, decay: 20, rampupMimg: 0.001, dropout: 0.1 },
    ...{ ...every, pMean: -0.4, pStd: 1, sigmaData: 0.5, emaSigmaRels: [0.05] },
    network: {
      ...{ imgResolution: 4, imgChannels: 1, labelDim: 0, modelChannels: 8, channelMult: [1], numBlocks: 1 },
      ...{ attnResolutions: [], channelsPerHead: 8 },
    },
  });
  const outdir = join(folder, name);
  await prepareRunFolder(outdir, config, false);
  const report: EngineReport = await startEngine(engine, { threads: 1 });
  const run = (around: (engine: Engine) => Engine, resume = false) =>
    trainRun({
      ...{ config, dataset, outdir, resume, say: () => {}, resumeCommand: 'edm2 train --resume' },
      engine: { ...report, engine: around(report.engine as Engine) },
      signal: new AbortController().signal,
    });
  return { run, outdir, dataset };
}
