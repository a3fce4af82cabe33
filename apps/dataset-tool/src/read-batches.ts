import type { Dataset, Pixels } from '@edm2/dataset';

/** Some items of a dataset. */
export interface ItemBatch {
  readonly indices: readonly number[];
  /** `[N, side, side, channels]`. */
  readonly values: Pixels;
  readonly shape: [number, number, number, number];
}

/** Reads items, so many at a time. */
export async function* readBatches(
  dataset: Dataset,
  indices: readonly number[],
  batch: number,
  signal: AbortSignal,
): AsyncGenerator<ItemBatch> {
  const { resolution: side, channels, dtype } = dataset;
  const size = side * side * channels;
  for (let at = 0; at < indices.length; at += batch) {
    signal.throwIfAborted();
    const part = indices.slice(at, at + batch);
    const values = dtype === 'uint8' ? new Uint8Array(part.length * size) : new Float32Array(part.length * size);
    const read = await Promise.all(part.map((index) => dataset.read(index)));
    for (const [i, item] of read.entries()) values.set(item, i * size);
    yield { indices: part, values, shape: [part.length, side, side, channels] };
    // Lets Ctrl-C through: a compiled call returns synchronously.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Labels as `dataset.json` keeps them, or null. */
export const labelsOf = (dataset: Dataset): (number | number[])[] | null =>
  dataset.labelKind === 'none'
    ? null
    : Array.from({ length: dataset.length }, (_, i) =>
        dataset.labelKind === 'class' ? dataset.classOf(i) : Array.from(dataset.label(i)),
      );
