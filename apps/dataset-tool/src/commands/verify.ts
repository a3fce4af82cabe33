import { interruptible } from '@edm2/app-kit/command/interruptible';
import { startProgress } from '@edm2/app-kit/command/progress';
import { datasetLines } from '@edm2/app-kit/data/dataset-lines';
import { openDataset, verifyDataset } from '@edm2/dataset';
import type { Command } from 'commander';
import { print, say } from '../say.js';

interface VerifyOptions {
  readonly acceptWarnings?: boolean;
}

/** `edm2-dataset verify`. */
export const addVerifyCommand = (program: Command): Command =>
  program
    .command('verify')
    .description('Decode every file, and fail with the names of those that are damaged.')
    .argument('<path>', 'folder or archive of a dataset')
    .option('--accept-warnings', 'use images that decode although the decoder warns of damage', false)
    .action((path: string, options: VerifyOptions) => verifyCommand(path, options));

async function verifyCommand(path: string, { acceptWarnings = false }: VerifyOptions): Promise<void> {
  const dataset = await openDataset(path, {
    cacheBytes: 0,
    acceptWarnings,
    flags: { acceptWarnings: '--accept-warnings' },
  });
  try {
    await interruptible({ say, stopping: 'stopping', kept: 'nothing was changed' }, async (signal) => {
      const progress = startProgress('checking', dataset.sourceLength, 'files');
      const onProgress = ({ done }: { readonly done: number }): void => progress.update(done);
      const { warnings } = await verifyDataset(dataset, { onProgress, signal }).finally(() => progress.stop());
      for (const line of [...datasetLines(dataset), ...warnings.map((warning) => `note: ${warning}`)]) print(line);
      print('every file is intact');
    });
  } finally {
    await dataset.close();
  }
}
