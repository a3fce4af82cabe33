import { basename, join } from 'node:path';
import { interruptible } from '@edm2/app-kit/command/interruptible';
import { startProgress } from '@edm2/app-kit/command/progress';
import { datasetLines } from '@edm2/app-kit/data/dataset-lines';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { expectFolder } from '@edm2/command/expect-destination';
import { type OpenedDataset, openDataset } from '@edm2/dataset';
import { measureRawStatistics } from '@edm2/latent-vae';
import { loadRawStatistics, saveRawStatistics } from '@edm2/latent-vae/node';
import type { Command } from 'commander';
import { holdsLatents } from 'edm2/parts';
import { rawBatches } from '../raw-batches.js';
import { print, say } from '../say.js';
import { statisticsTable } from '../statistics-table.js';
import { contactSheet } from '../stats/contact-sheet.js';
import { type ImageStatistics, measureImages } from '../stats/image-statistics.js';
import { channelName, renderStatistics } from '../stats/page.js';

interface StatsOptions {
  readonly outdir?: string;
  readonly json?: boolean;
}

/** `edm2-dataset stats`. */
export const addStatsCommand = (program: Command): Command =>
  withDestination(
    program
      .command('stats')
      .description(
        'Measure a dataset: of images counts, classes, means and deviations; of latents mean and deviation by channel, kept beside the data.',
      )
      .argument('<path>', 'folder or archive of images or latents'),
    '--outdir <folder>',
    'of images: also write stats.html, stats.json and a contact sheet, sheet.png, there',
  )
    .option('--json', 'print one JSON object')
    .action((path: string, options: StatsOptions) => statsCommand(path, options));

async function statsCommand(path: string, options: StatsOptions): Promise<void> {
  const dataset = await openDataset(path, { cacheBytes: 0, flags: {} });
  try {
    if (holdsLatents(dataset)) return await latentStatistics(dataset, path, options);
    if (dataset.dtype !== 'uint8')
      throw new UsageError(`stats: expected images or latents, got arrays of ${dataset.channels} channels in ${path}.`);
    if (options.outdir !== undefined) await expectFolder('--outdir', options.outdir);
    await interruptible({ say, stopping: 'stopping', kept: 'nothing was written' }, (signal) =>
      imageStatistics(dataset, path, options, signal),
    );
  } finally {
    await dataset.close();
  }
}

async function imageStatistics(
  dataset: OpenedDataset,
  path: string,
  { outdir, json }: StatsOptions,
  signal: AbortSignal,
): Promise<void> {
  const progress = startProgress('measuring', dataset.sourceLength, 'images');
  const onProgress = (done: number): void => progress.update(done);
  const statistics = await measureImages(dataset, { signal, onProgress }).finally(() => progress.stop());
  const lines = datasetLines(dataset);
  for (const line of json ? [JSON.stringify(statistics)] : [...lines, ...tableOf(statistics)]) print(line);
  if (outdir === undefined) return;
  const sheet = await contactSheet(dataset);
  await writeWhole(join(outdir, 'sheet.png'), sheet.png);
  await writeWhole(join(outdir, 'stats.json'), `${JSON.stringify(statistics)}\n`);
  await writeWhole(join(outdir, 'stats.html'), renderStatistics({ title: basename(path), lines, statistics, sheet }));
  say(`→ ${join(outdir, 'stats.html')}, with sheet.png and stats.json beside it`);
}

/** Classes that are listed. */
const SHOWN = 20;

function tableOf({ mean, deviation, channels, sigmaData, classes }: ImageStatistics): string[] {
  const rows = mean.map(
    (value, c) =>
      `${channelName(c, channels).padEnd(8)} mean ${value.toFixed(2).padStart(6)}  deviation ${(deviation[c] ?? 0).toFixed(2).padStart(6)}`,
  );
  const counts = classes.slice(0, SHOWN).map(({ name, images }) => `${name} ${images.toLocaleString('en')}`);
  return [
    ...rows,
    `sigma data: ${sigmaData.toFixed(4)} (of values in −1…1; EDM2 assumes 0.5)`,
    ...(counts.length > 0 ? [`images of each class: ${counts.join(', ')}${classes.length > SHOWN ? ', …' : ''}`] : []),
  ];
}

async function latentStatistics(dataset: OpenedDataset, path: string, { outdir, json }: StatsOptions): Promise<void> {
  if (outdir !== undefined) throw new UsageError('--outdir: expected images, got latents. Leave it out.');
  await interruptible({ say, stopping: 'stopping', kept: 'nothing was written' }, async (signal) => {
    const progress = startProgress('measuring', dataset.length, 'latents');
    const statistics = await measureRawStatistics(rawBatches(dataset, signal), {
      signal,
      onProgress: (pixels) => progress.update(pixels / dataset.resolution ** 2),
    }).finally(() => progress.stop());
    print(json ? JSON.stringify(statistics) : statisticsTable(statistics));
    const before = await loadRawStatistics(path).catch(() => undefined);
    const place = await saveRawStatistics(path, statistics);
    say(`→ ${place}${before ? ', replacing the earlier ones' : ''}`);
  });
}
