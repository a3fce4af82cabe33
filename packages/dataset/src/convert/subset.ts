import { known } from '@edm2/options';
import { createRandom } from '@edm2/random';
import { createWriter } from '../create-writer.js';
import { CONCURRENCY } from '../limits.js';
import { mapLimit } from '../map-limit.js';
import type { Dataset, Pixels } from '../types.js';
import { encodePng } from './encode-png.js';

/**
 * Images to hold out of training: drawn at random, of each class the same share, as near as whole images allow.
 *
 * @param count - how many, at most all.
 * @returns indices, ascending. The same for the same data, count and seed.
 */
export function chooseHeldOut(
  dataset: Pick<Dataset, 'sourceLength' | 'classOf'>,
  count: number,
  seed: number,
): number[] {
  const { sourceLength } = dataset;
  if (!(Number.isInteger(count) && count >= 0 && count <= sourceLength))
    throw new RangeError(`chooseHeldOut: expected count from 0 to ${sourceLength}, got ${count}. Correct it.`);
  const shuffled = Array.from(createRandom(seed).stream('dataset', 'held-out').permutation(sourceLength));
  // Class after class, each in random order: every so many-th of them are the same share of each class.
  const order = shuffled.map((index) => [dataset.classOf(index), index] as const).sort(([a], [b]) => a - b);
  const chosen = Array.from(
    { length: count },
    (_, i) => order[Math.floor(((i + 0.5) * sourceLength) / count)] as readonly [number, number],
  );
  return chosen.map(([, index]) => index).sort((a, b) => a - b);
}

/** Options of {@link writeSubset}. */
export interface SubsetOptions {
  /** Called after each image. */
  readonly onProgress?: () => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes some images of a dataset as one of their own, with their labels and notes: pixels as PNG, floats as NPY.
 *
 * @param indices - numbered 0, 1, … in this order.
 * @throws {DatasetError} (rejects) as reading and `createWriter` say.
 */
export async function writeSubset(
  dataset: Dataset,
  indices: readonly number[],
  dest: string,
  options: SubsetOptions = {},
): Promise<void> {
  const { onProgress, signal } = known('writeSubset', options, { onProgress: true, signal: true });
  const { resolution: side, channels, labelKind, classNames, notes = {} } = dataset;
  const kind = dataset.dtype === 'uint8' ? 'images' : 'latents';
  const first = indices[0] ?? -1;
  const settings = { source: dataset.fingerprint, count: indices.length, first, last: indices.at(-1) ?? -1 };
  const writer = await createWriter(dest, { kind, settings });
  await mapLimit(
    indices.length,
    CONCURRENCY,
    async (i) => {
      if (!writer.has(i)) await writer.add(i, fileOf(await dataset.read(indices[i] as number), side, channels));
      onProgress?.();
    },
    () => signal?.throwIfAborted(),
  );
  const labelOf = (index: number): number | number[] =>
    labelKind === 'class' ? dataset.classOf(index) : Array.from(dataset.label(index));
  await writer.finish({
    labels: labelKind === 'none' ? null : indices.map(labelOf),
    notes: { ...notes, ...(classNames.length > 0 ? { classes: classNames } : {}) },
    signal,
  });
}

function fileOf(pixels: Pixels, side: number, channels: number) {
  if (pixels instanceof Uint8Array)
    return encodePng({ width: side, height: side, channels: channels as 1 | 3, data: pixels });
  const planes = new Float32Array(pixels.length);
  const size = side * side;
  for (let i = 0; i < pixels.length; i++)
    planes[(i % channels) * size + Math.floor(i / channels)] = pixels[i] as number;
  return { shape: [channels, side, side], data: planes };
}
