import { dirname } from 'node:path';
import { type EngineChoice, withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { withProgress } from '@edm2/app-kit/command/progress';
import { datasetLines } from '@edm2/app-kit/data/dataset-lines';
import { openSquareImages } from '@edm2/app-kit/data/ready-images';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { expectFile, withOverwrite } from '@edm2/command/expect-destination';
import { metricWarnings } from '@edm2/fid';
import { makeFolder } from '@edm2/tensor-files';
import type { Command } from 'commander';
import { collectImages, startForSampling, writeReference } from 'edm2/parts';
import { interruptible } from '../interruptible.js';
import { expectFeatures, type FeatureOptions, featuresOf, withFeatures } from '../options/feature-options.js';
import { side } from '../options/limits.js';
import { print, say } from '../say.js';

interface RefOptions extends EngineChoice, FeatureOptions {
  readonly data?: string;
  readonly dest?: string;
  readonly split?: 'train' | 'test';
  readonly resolution?: number;
  readonly keepFeatures?: boolean;
  readonly overwrite?: boolean;
}

/** `edm2-evaluate metrics ref`. */
export const addMetricsRefCommand = (metrics: Command): Command =>
  withOverwrite(
    withDestination(
      withFeatures(withEngineOptions(metrics.command('ref'))),
      '--dest <file>',
      'where the statistics go: .safetensors, or .npz as other tools read those of FID',
    ),
    'replace --dest',
  )
    .description('Make the statistics of real images that the others compare with.')
    .option('--data <path>', 'folder, zip or IDX files of real images')
    .option('--keep-features', 'keep the features too, for kid, pr and dc: 8 KiB an image on Inception')
    .option('--split <name>', 'of IDX files: train or test')
    .option('--resolution <n>', 'of IDX files: side in pixels', side)
    .action((options: RefOptions) => refCommand(options));

async function refCommand(options: RefOptions): Promise<void> {
  const { data, dest, split, resolution, keepFeatures: features = false } = options;
  if (data === undefined) throw new UsageError('--data: expected real images, got nothing. Name a folder or zip.');
  if (dest === undefined || !/\.(safetensors|npz)$/.test(dest))
    throw new UsageError(
      `--dest: expected a file name ending in .safetensors or .npz, got ${dest ?? 'nothing'}. Name one.`,
    );
  if (features && dest.endsWith('.npz'))
    throw new UsageError('--keep-features: expected --dest to be .safetensors, got .npz, which holds none. Change it.');
  await expectFeatures(options);
  await expectFile('--dest', dest, options.overwrite);
  const dataset = await openSquareImages(data, '--data', {
    ...(split === undefined ? {} : { split }),
    ...(resolution === undefined ? {} : { resolution }),
    flags: { path: '--data', split: '--split' },
  });
  try {
    const network = await featuresOf(options, await startForSampling(options, options.features));
    if (dest.endsWith('.npz') && network.metric !== 'fid')
      throw new UsageError(
        `--dest: expected .safetensors for statistics of ${network.name}, got .npz, which is read as Inception's. Change it.`,
      );
    const indices = Array.from({ length: dataset.length }, (_, i) => i);
    const collected = await interruptible('nothing was written', (signal) =>
      withProgress('reading', indices.length, 'images', (onProgress) =>
        collectImages({ dataset, indices, network, keep: { features }, onProgress, signal }),
      ),
    );
    await makeFolder(dirname(dest));
    await writeReference(dest, collected.statistics, network, collected.features);
    print(`${dest}  statistics of ${network.name} features, n = ${collected.n}${features ? ', features kept' : ''}`);
    for (const line of datasetLines(dataset)) say(line);
    for (const warning of metricWarnings(['fd'], { n: collected.n, dims: network.dims })) say(`warning: ${warning}`);
    network.dispose();
  } finally {
    await dataset.close();
  }
}
