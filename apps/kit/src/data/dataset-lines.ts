import { type Dataset, describeDataset } from '@edm2/dataset';

/**
 * What a dataset is and what was decided about it, in three lines for people: images, labels, files left out.
 *
 * @param noun - what its items are called. Default 'images', or 'arrays' for floats.
 */
export function datasetLines(dataset: Dataset, noun?: string): string[] {
  const { images, labels, leftOut } = describeDataset(dataset, noun === undefined ? {} : { noun });
  return [`data: ${images}`, `labels: ${labels}`, `left out: ${leftOut}`];
}
