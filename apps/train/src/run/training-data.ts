import { startProgress } from '@edm2/app-kit/command/progress';
import { datasetLines } from '@edm2/app-kit/data/dataset-lines';
import { type OpenedDataset, openDataset, verifyDataset } from '@edm2/dataset';
import { holdsLatents } from 'edm2/parts';

/** What decides how data are opened. */
export interface DataOptions {
  /** False: without labels. */
  readonly cond?: boolean | undefined;
  readonly acceptWarnings?: boolean | undefined;
  readonly split?: 'train';
  readonly resolution?: number;
  /** The mirror image of every image too. */
  readonly xflip?: boolean | undefined;
}

/** Opens what `--data` names; errors speak of this command's flags. */
export const openTrainingData = (
  path: string,
  { cond, acceptWarnings = false, split, resolution, xflip = false }: DataOptions,
): Promise<OpenedDataset> =>
  openDataset(path, {
    ...(split ? { split } : {}),
    ...(resolution ? { resolution } : {}),
    ...(cond === false ? { labels: false } : {}),
    xflip,
    acceptWarnings,
    flags: { path: '--data', acceptWarnings: '--accept-warnings', labels: '--cond false' },
  });

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
