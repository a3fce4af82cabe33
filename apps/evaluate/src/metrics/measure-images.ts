import { type CollectOptions, createCollector, judgeImages } from '@edm2/app-kit/scores/collect';
import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import { UsageError } from '@edm2/command/errors';
import type { Dataset } from '@edm2/dataset';
import { createRandom } from '@edm2/random';

/** Images read at a time. */
const BATCH = 128;

/** Which images, and who looks at them. */
export interface CollectImagesOptions {
  readonly dataset: Dataset;
  readonly indices: readonly number[];
  readonly network: FeatureNetwork;
  readonly keep?: CollectOptions;
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** Features of stored images, with labels where the data has classes. */
export async function collectImages({ dataset, indices, network, keep, onProgress, signal }: CollectImagesOptions) {
  const collector = createCollector(network, keep);
  const { resolution: side, channels, labelKind } = dataset;
  const size = side * side * channels;
  for (let at = 0; at < indices.length; at += BATCH) {
    signal?.throwIfAborted();
    const part = indices.slice(at, at + BATCH);
    const data = new Uint8Array(part.length * size);
    for (const [i, index] of part.entries()) data.set(await dataset.read(index), i * size);
    const classOf = labelKind === 'class' ? (i: number) => dataset.classOf(part[i] ?? 0) : undefined;
    collector.add(await judgeImages(network, { data, shape: [part.length, side, side, channels] }, classOf));
    onProgress?.(at + part.length);
    // Lets Ctrl-C through.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return collector.result();
}

/**
 * Images of the draws, no image in two: `draws` parts of `num`, of an order drawn by `seed`; all images in stored order where one
 * draw takes them all.
 *
 * @throws {UsageError} when there are too few.
 */
export function drawIndices(total: number, num: number | undefined, draws: number, seed: number): number[][] {
  const each = num ?? Math.floor(total / draws);
  if (each < 2 || each * draws > total)
    throw new UsageError(
      `--num: expected ${draws > 1 ? `${draws} draws of ` : ''}at least 2 and at most ${Math.floor(total / draws)} images, got ${each} of ${total}. Take fewer.`,
    );
  if (draws === 1 && each === total) return [Array.from({ length: total }, (_, i) => i)];
  const order = createRandom(seed).stream('metrics', 'images').permutation(total);
  return Array.from({ length: draws }, (_, draw) => Array.from(order.subarray(draw * each, (draw + 1) * each)));
}
