import { join } from 'node:path';
import { startProgress } from '@edm2/app-kit/command/progress';
import { datasetLines } from '@edm2/app-kit/data/dataset-lines';
import { openReadyImages } from '@edm2/app-kit/data/ready-images';
import { type OpenDatasetOptions, type OpenedDataset, openDataset, verifyDataset } from '@edm2/dataset';
import { holdsLatents } from 'edm2/parts';
import { say } from '../say.js';
import { CACHE } from './run-folder.js';

/** What decides how data are opened. */
export interface DataOptions {
  /** False: without labels. */
  readonly cond?: boolean | undefined;
  readonly acceptWarnings?: boolean | undefined;
  readonly split?: 'train';
  /** The mirror image of every image too. */
  readonly xflip?: boolean | undefined;
  readonly resolution?: number | undefined;
}

const FLAGS = { path: '--data', acceptWarnings: '--accept-warnings', labels: '--cond false' };

/** How `openDataset` is told; errors speak of this command's flags. */
const settingsOf = ({
  cond,
  acceptWarnings = false,
  split,
  resolution,
  xflip = false,
}: DataOptions): OpenDatasetOptions => ({
  ...(split ? { split } : {}),
  ...(resolution ? { resolution } : {}),
  ...(cond === false ? { labels: false } : {}),
  xflip,
  acceptWarnings,
  flags: FLAGS,
});

/**
 * Opens the images that `--data` names: where they are, or a zip that is made of them in the run's folder.
 *
 * @returns undefined with `dryRun` where one would have to be made.
 */
export const openReadyData = (
  path: string,
  options: DataOptions & { readonly dryRun?: boolean | undefined },
  outdir: string,
): Promise<OpenedDataset | undefined> =>
  openReadyImages(path, { ...settingsOf(options), cache: join(outdir, CACHE), dryRun: options.dryRun, say });

/** Opens what `--data` names, as it is. */
export const openTrainingData = (path: string, options: DataOptions): Promise<OpenedDataset> =>
  openDataset(path, settingsOf(options));

/** Decodes every image once, then says what the data are, what was decided about them, and what is unusual. */
export async function checkTrainingData(dataset: OpenedDataset, say: (text: string) => void): Promise<void> {
  const progress = startProgress('checking the images', dataset.sourceLength, 'images');
  try {
    const { warnings } = await verifyDataset(dataset, { onProgress: ({ done }) => progress.update(done) });
    progress.stop();
    sayData(dataset, say);
    for (const warning of warnings) say(`note: ${warning}`);
  } finally {
    progress.stop();
  }
}

/** Says in three lines what the data are and what was decided about them. */
export function sayData(dataset: OpenedDataset, say: (text: string) => void): void {
  for (const line of datasetLines(dataset, holdsLatents(dataset) ? 'latents' : undefined)) say(line);
}
