import { interruptible } from '@edm2/app-kit/command/interruptible';
import { startProgress } from '@edm2/app-kit/command/progress';
import { UsageError } from '@edm2/command/errors';
import { openDataset } from '@edm2/dataset';
import { measureRawStatistics } from '@edm2/latent-vae';
import { loadRawStatistics, saveRawStatistics } from '@edm2/latent-vae/node';
import type { Command } from 'commander';
import { holdsLatents } from 'edm2/parts';
import { rawBatches } from '../raw-batches.js';
import { print, say } from '../say.js';
import { statisticsTable } from '../statistics-table.js';

/** `edm2-dataset stats`. */
export const addStatsCommand = (program: Command): Command =>
  program
    .command('stats')
    .description('Measure mean and deviation of latents by channel, and keep them beside the data.')
    .argument('<path>', 'folder or zip of latents')
    .action((path: string) => statsCommand(path));

async function statsCommand(path: string): Promise<void> {
  const dataset = await openDataset(path, { labels: false, cacheBytes: 0, flags: {} });
  try {
    if (!holdsLatents(dataset))
      throw new UsageError(
        `stats: expected latents (means and deviations), got other data in ${path}. Encode it first.`,
      );
    await interruptible({ say, stopping: 'stopping', kept: 'nothing was written' }, async (signal) => {
      const progress = startProgress('measuring', dataset.length, 'latents');
      const statistics = await measureRawStatistics(rawBatches(dataset, signal), {
        signal,
        onProgress: (pixels) => progress.update(pixels / dataset.resolution ** 2),
      }).finally(() => progress.stop());
      print(statisticsTable(statistics));
      const before = await loadRawStatistics(path).catch(() => undefined);
      const place = await saveRawStatistics(path, statistics);
      say(`→ ${place}${before ? ', replacing the earlier ones' : ''}`);
    });
  } finally {
    await dataset.close();
  }
}
