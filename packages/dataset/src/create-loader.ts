import { known } from '@edm2/options';
import { createEpochOrder } from './epoch-order.js';
import { CONCURRENCY } from './limits.js';
import { mapLimit } from './map-limit.js';
import type { Dataset, Pixels } from './types.js';

/** Options of {@link createLoader}. */
export interface LoaderOptions {
  /** Images per batch, ≥ 1. */
  readonly batch: number;
  /** Decides the order. Default 0. */
  readonly seed?: number;
  /** Image number to start at, ≥ 0: where a resumed run stopped. Default 0. */
  readonly startImage?: number;
  /** Image number to stop before; the last batch may be smaller. Default: never. */
  readonly endImage?: number;
  /** False gives the images in stored order. Default true. */
  readonly shuffle?: boolean;
  /** Batches decoded ahead, ≥ 0. Default 2. */
  readonly prefetch?: number;
  /** Ends the work: `next()` rejects with its reason. */
  readonly signal?: AbortSignal;
}

const OPTIONS = {
  batch: true,
  seed: true,
  startImage: true,
  endImage: true,
  shuffle: true,
  prefetch: true,
  signal: true,
} as const;

/** N images with their labels. */
export interface Batch {
  /** `[N, resolution, resolution, channels]` as the dataset has them; {@link pixelsToUnit} makes −1…1 of pixels. */
  readonly images: Pixels;
  /** `[N, resolution, resolution, channels]`. */
  readonly shape: readonly [number, number, number, number];
  /** `[N, labelDim]`, one-hot or as stored; empty without labels. */
  readonly labels: Float32Array;
  /** `[N]` indices into the dataset. */
  readonly indices: Int32Array;
  /** Image number of the first one; the next batch begins at `startImage + N`. */
  readonly startImage: number;
}

/**
 * Endless batches of shuffled images. The image at number n depends on (dataset, seed, n) only, neither on the batch size nor on
 * where the loader started: a run that resumes at n sees what it would have seen.
 *
 * Nothing is read before the first `next()`. Leaving a `for await` loop, or `return()`, stops the reading ahead; the dataset stays open.
 *
 * @returns iterator and iterable in one; calls of `next()` may overlap.
 * @throws {RangeError} when an option is out of range or unknown.
 * @throws {DatasetError} (rejects, from `next()`) when an image cannot be read; the loader has then ended.
 */
export function createLoader(dataset: Dataset, options: LoaderOptions): AsyncIterableIterator<Batch, undefined> {
  known('createLoader', options, OPTIONS);
  const { batch, seed = 0, startImage = 0, endImage = Number.POSITIVE_INFINITY } = options;
  const { shuffle = true, prefetch = 2, signal } = options;
  checkInteger('batch', batch, 1);
  checkInteger('startImage', startImage, 0);
  checkInteger('prefetch', prefetch, 0);
  if (endImage !== Number.POSITIVE_INFINITY) checkInteger('endImage', endImage, startImage);

  const order = shuffle ? createEpochOrder(dataset.length, seed) : { at: (nimg: number) => nimg % dataset.length };
  const queue: Promise<Batch>[] = [];
  let nimg = startImage;
  let ended = false;
  const check = (): void => {
    signal?.throwIfAborted();
    if (ended) throw new Error('createLoader: the loader has ended.');
  };

  const start = (): void => {
    const count = Math.min(batch, endImage - nimg);
    const pending = readBatch(dataset, order, nimg, count, check);
    // Read ahead, it may fail before anyone waits for it; next() still sees the failure.
    pending.catch(() => {});
    queue.push(pending);
    nimg += count;
  };
  const end = (): void => {
    ended = true;
    queue.length = 0;
  };

  return {
    async next() {
      signal?.throwIfAborted();
      if (ended) return { done: true, value: undefined };
      while (queue.length <= prefetch && nimg < endImage) start();
      const first = queue.shift();
      if (!first) {
        end();
        return { done: true, value: undefined };
      }
      try {
        return { done: false, value: await first };
      } catch (error) {
        if (ended && !signal?.aborted) return { done: true, value: undefined };
        end();
        throw error;
      }
    },
    async return() {
      end();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function readBatch(
  dataset: Dataset,
  order: { at(nimg: number): number },
  startImage: number,
  count: number,
  check: () => void,
): Promise<Batch> {
  const { resolution, channels, labelDim, dtype } = dataset;
  const size = resolution * resolution * channels;
  const images = dtype === 'uint8' ? new Uint8Array(count * size) : new Float32Array(count * size);
  const labels = new Float32Array(count * labelDim);
  const indices = Int32Array.from({ length: count }, (_, i) => order.at(startImage + i));
  await mapLimit(
    count,
    CONCURRENCY,
    async (i) => {
      const index = indices[i] as number;
      images.set(await dataset.read(index), i * size);
      labels.set(dataset.label(index), i * labelDim);
    },
    check,
  );
  return { images, shape: [count, resolution, resolution, channels], labels, indices, startImage };
}

function checkInteger(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new RangeError(
      `createLoader: expected ${name} to be a whole number of at least ${least}, got ${value}. Correct it.`,
    );
}
