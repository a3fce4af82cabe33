import { createLoader, openDataset } from '@edm2/dataset';
import { goldenPath } from '@edm2/test-support';
import { expect, test } from 'vitest';

test('every public name does what the reference says', async () => {
  const dataset = await openDataset(goldenPath('dataset-tiny-rgb.zip'));
  const options = { batch: 2, seed: 3 };
  const first = async (startImage: number) => {
    for await (const batch of createLoader(dataset, { ...options, startImage })) return batch;
    throw new Error('expected a batch');
  };
  const [start, later] = [await first(0), await first(2)];
  expect(start.shape).toEqual([2, dataset.resolution, dataset.resolution, dataset.channels]);
  expect([start.startImage, later.startImage]).toEqual([0, 2]);
  expect((await first(2)).images).toEqual(later.images);
  await dataset.close();
});
