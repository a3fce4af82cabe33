import type { Dataset } from '@edm2/dataset';

/** Images and classes of a dataset, all in memory. */
export interface LabelledImages {
  /** `[N, H, W, C]` pixels 0…255. */
  readonly data: Uint8Array;
  readonly classes: Uint8Array;
  readonly shape: [number, number, number, number];
}

/** Reads images `from` … `to − 1` of a dataset with classes. */
export async function readAll(dataset: Dataset, from = 0, to = dataset.length): Promise<LabelledImages> {
  const size = dataset.resolution ** 2 * dataset.channels;
  const data = new Uint8Array((to - from) * size);
  const classes = new Uint8Array(to - from);
  for (let i = from; i < to; i++) {
    data.set(await dataset.read(i), (i - from) * size);
    classes[i - from] = dataset.classOf(i);
  }
  return { data, classes, shape: [to - from, dataset.resolution, dataset.resolution, dataset.channels] };
}
