import type { Dataset } from '@edm2/dataset';
import { type Collected, type CollectOptions, createCollector, judgeImages } from './collect.js';
import type { FeatureNetwork } from './feature-network.js';

/** Images read at a time. */
const BATCH = 128;

/** Which images, and who looks at them. */
export interface CollectImagesOptions {
  readonly dataset: Dataset;
  readonly indices: readonly number[];
  readonly network: FeatureNetwork;
  readonly keep?: CollectOptions | undefined;
  readonly onProgress?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Features of stored images, with labels where the data has classes. */
export async function collectImages({
  dataset,
  indices,
  network,
  keep,
  onProgress,
  signal,
}: CollectImagesOptions): Promise<Collected> {
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
