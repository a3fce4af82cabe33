import type { Detector } from './detectors.js';
import { ImageError } from './images/image-error.js';
import type { ImageSource } from './images/image-source.js';
import { loadImage } from './images/load-image.js';
import { type FeatureBatch, type RunNetwork, runBatch } from './run-batch.js';

/** Options of `extractFeatures`. */
export interface ExtractOptions {
  readonly detector: Detector;
  readonly run: RunNetwork;
  /** Images of a batch; the last one is filled up with zeros, whose features are dropped. */
  readonly batch: number;
  /** Leave images out that do not decode, instead of failing. */
  readonly skipCorrupt?: boolean;
  /** Sees each image that was left out. */
  readonly onSkip?: (error: ImageError) => void;
  readonly onProgress?: (progress: { done: number; total: number }) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Features of images, in the order of their names. The next batch decodes while one is computed.
 *
 * @yields features of up to `batch` images at a time.
 * @throws {ImageError} for an image that does not decode, unless they are skipped; for kinds that are not read, always.
 */
export async function* extractFeatures(
  source: ImageSource,
  { detector, run, batch, skipCorrupt = false, onSkip, onProgress, signal }: ExtractOptions,
): AsyncGenerator<FeatureBatch & { readonly n: number }> {
  const { names } = source;
  const load = async (name: string): Promise<Float32Array | undefined> => {
    try {
      return detector.prepare(await loadImage(source, name));
    } catch (error) {
      if (!(skipCorrupt && error instanceof ImageError && error.code === 'corrupt')) throw error;
      onSkip?.(error);
      return undefined;
    }
  };
  const start = (at: number) => {
    const loading = Promise.all(names.slice(at, at + batch).map(load));
    loading.catch(() => {}); // awaited later, or never after another error
    return loading;
  };
  let next = start(0);
  for (let at = 0; at < names.length; at += batch) {
    const loaded = (await next).filter((image) => image !== undefined);
    signal?.throwIfAborted();
    next = start(at + batch);
    const n = loaded.length;
    if (n > 0) {
      yield { n, ...runBatch(run, loaded, batch) };
    }
    onProgress?.({ done: Math.min(at + batch, names.length), total: names.length });
  }
}
