import type { Dataset } from '@edm2/dataset';
import { createRandom } from '@edm2/random';

/** A dataset in two: what is trained on, and what is only looked at. */
export interface Split {
  readonly train: Dataset;
  readonly heldOut: Dataset;
}

/**
 * Sets so many images aside, drawn from the seed; the mirror image of one that is held out is held out too. Both parts share the dataset's
 * files: close that one alone.
 */
export function holdOut(dataset: Dataset, count: number, seed: number): Split {
  const order = createRandom(seed).stream('held-out').permutation(dataset.sourceLength);
  return { train: part(dataset, order.slice(count).sort()), heldOut: part(dataset, order.slice(0, count).sort()) };
}

function part(dataset: Dataset, indices: Int32Array): Dataset {
  const { length: count } = indices;
  const at = (index: number): number => (indices[index % count] ?? -1) + (index >= count ? dataset.sourceLength : 0);
  return {
    ...dataset,
    length: (dataset.length / dataset.sourceLength) * count,
    sourceLength: count,
    read: (index) => dataset.read(at(index)),
    label: (index) => dataset.label(at(index)),
    classOf: (index) => dataset.classOf(at(index)),
    name: (index) => dataset.name(at(index)),
  };
}
