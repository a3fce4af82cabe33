import { type EngineChoice, withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { withProgress } from '@edm2/app-kit/command/progress';
import { datasetLines } from '@edm2/app-kit/data/dataset-lines';
import { openSquareImages } from '@edm2/app-kit/data/ready-images';
import { keptFor, type Measurement, measure } from '@edm2/app-scoring/scores/measure';
import { UsageError } from '@edm2/command/errors';
import type { Command } from 'commander';
import { collectImages, startForSampling } from 'edm2/parts';
import { interruptible } from '../interruptible.js';
import { drawIndices } from '../metrics/measure-images.js';
import { printFigures } from '../metrics/print-figures.js';
import { checkDraws, type DrawOptions, withDraws } from '../options/draw-options.js';
import {
  expectFeatures,
  expectReference,
  type FeatureOptions,
  featuresOf,
  type MetricOptions,
  referenceOf,
  withMetrics,
  withReference,
} from '../options/feature-options.js';
import { firstSeed } from '../options/limits.js';
import { say } from '../say.js';

interface CalcOptions extends EngineChoice, FeatureOptions, MetricOptions, DrawOptions {
  readonly images?: string;
  readonly split?: 'train' | 'test';
}

/** `edm2-evaluate metrics calc`. */
export const addMetricsCalcCommand = (metrics: Command): Command =>
  withDraws(withMetrics(withReference(withEngineOptions(metrics.command('calc')))))
    .description('Score stored images.')
    .option('--images <path>', 'folder, zip or array (.npz, .npy) of images')
    .option('--split <name>', 'of IDX files: train or test')
    .option('--seed <n>', 'chooses the images of the draws', firstSeed, 0)
    .action((options: CalcOptions, command: Command) => {
      checkDraws(command, options);
      return calcCommand(options);
    });

async function calcCommand(options: CalcOptions): Promise<void> {
  const {
    images,
    split,
    metrics: { metrics },
    bootstrap: resamples,
    seed,
  } = options;
  if (images === undefined)
    throw new UsageError('--images: expected a folder, a zip or an array of images, got nothing. Name one.');
  await expectFeatures(options);
  await expectReference(options);
  const dataset = await openSquareImages(images, '--images', {
    ...(split === undefined ? {} : { split }),
    flags: { path: '--images', split: '--split' },
  });
  try {
    const engine = await startForSampling(options, options.features);
    const network = await featuresOf(options, engine);
    const draws = drawIndices(dataset.length, options.num, options.draws, seed);
    const total = draws.reduce((sum, { length }) => sum + length, 0);
    const keep = keptFor(metrics, { resamples });
    await interruptible('nothing was written', async (signal) => {
      const reference = await referenceOf(options, network, signal);
      const found = await withProgress('scoring', total, 'images', async (onProgress) => {
        const measured: Measurement[] = [];
        for (const indices of draws) {
          const before = measured.length * indices.length;
          const report = (done: number) => onProgress(before + done);
          const collected = await collectImages({ dataset, indices, network, keep, onProgress: report, signal });
          measured.push(await measure(collected, { network, reference, metrics, resamples, seed }));
        }
        return measured;
      });
      for (const line of datasetLines(dataset)) say(line);
      const json = options.json === true;
      printFigures({ about: { images, ref: options.ref }, network, metrics, draws: found, reference, json });
    });
    network.dispose();
  } finally {
    await dataset.close();
  }
}
