import type { Dataset } from '@edm2/dataset';
import { createRandom } from '@edm2/random';
import type { PixelBatch } from 'edm2/parts';

/** Images and classes of a dataset, all in memory. */
export interface LabelledImages extends PixelBatch {
  readonly classes: Uint8Array;
}

/** Reads all images of a dataset with classes. */
export async function readAll(dataset: Dataset): Promise<LabelledImages> {
  const size = dataset.resolution ** 2 * dataset.channels;
  const data = new Uint8Array(dataset.length * size);
  const classes = new Uint8Array(dataset.length);
  for (let i = 0; i < dataset.length; i++) {
    data.set(await dataset.read(i), i * size);
    classes[i] = dataset.classOf(i);
  }
  return { data, classes, shape: [dataset.length, dataset.resolution, dataset.resolution, dataset.channels] };
}

/**
 * Parts a set in two: `perClass` images of each class, drawn from all over the set, and the rest. Stored order is no random
 * order (MNIST's last thousand are of other writers than its first), so a tail would not stand for the whole.
 */
export function holdOut(
  { data, classes, shape }: LabelledImages,
  perClass: number,
  seed: number,
): { heldOut: LabelledImages; rest: LabelledImages } {
  const size = data.length / shape[0];
  const taken = new Map<number, number>();
  const held: number[] = [];
  const rest: number[] = [];
  for (const index of createRandom(seed).stream('held out').permutation(shape[0])) {
    const digit = classes[index] ?? 0;
    const count = taken.get(digit) ?? 0;
    taken.set(digit, count + 1);
    (count < perClass ? held : rest).push(index);
  }
  const select = (indices: readonly number[]): LabelledImages => {
    const out = new Uint8Array(indices.length * size);
    indices.forEach((index, i) => {
      out.set(data.subarray(index * size, (index + 1) * size), i * size);
    });
    return {
      data: out,
      classes: Uint8Array.from(indices, (i) => classes[i] ?? 0),
      shape: [indices.length, shape[1], shape[2], shape[3]],
    };
  };
  return { heldOut: select(held), rest: select(rest) };
}
