import type { Dataset } from '@edm2/dataset';
import { createRandom } from '@edm2/random';

/** A dataset in two: what is trained on, and what is only looked at. */
export interface Split {
  readonly train: Dataset;
  readonly heldOut: Dataset;
}

/** Sets so many images aside, drawn from the seed. Both parts share the dataset's files: close that one alone. */
export function holdOut(dataset: Dataset, count: number, seed: number): Split {
  const order = createRandom(seed).stream('held-out').permutation(dataset.length);
  return { train: part(dataset, order.slice(count).sort()), heldOut: part(dataset, order.slice(0, count).sort()) };
}

function part(dataset: Dataset, indices: Int32Array): Dataset {
  const at = (index: number): number => indices[index] ?? -1;
  return {
    ...dataset,
    length: indices.length,
    sourceLength: indices.length,
    read: (index) => dataset.read(at(index)),
    label: (index) => dataset.label(at(index)),
    classOf: (index) => dataset.classOf(at(index)),
    name: (index) => dataset.name(at(index)),
  };
}
