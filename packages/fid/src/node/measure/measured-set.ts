import { extname } from 'node:path';
import { collectFeatures } from '../../collect-features.js';
import type { ImageFeatures } from '../../metrics/metric.js';
import type { Detector } from '../detectors.js';
import { holdsStatistics } from '../images/stack.js';
import type { FeatureBatch } from '../run-batch.js';
import { readStatistics } from '../statistics-file.js';
import type { StoredGaussian } from '../to-gaussian.js';
import type { MeasureWords } from './words.js';

/** A set of images as a network sees it. */
export interface MeasuredSet extends ImageFeatures {
  readonly n: number | undefined;
  /** Images that were left out. */
  readonly skipped: number;
  readonly statistics: StoredGaussian;
}

const STATISTICS = new Set(['.safetensors', '.pkl']);

/** Whether a path names a file of statistics, by its ending, and for `.npz`, which may hold images, by what is in it. */
export const isStatisticsFile = async (path: string): Promise<boolean> =>
  STATISTICS.has(extname(path).toLowerCase()) || holdsStatistics(path);

/** What a file of statistics says of a set. @throws {RangeError} when it holds none of the network's. */
export async function readMeasured(
  path: string,
  { metric, dims }: Detector,
  { caller, option }: MeasureWords,
): Promise<MeasuredSet> {
  const file = await readStatistics(path);
  const gaussian = file[metric];
  if (!gaussian || gaussian.mu.length !== dims) {
    throw new RangeError(
      `${caller}: expected statistics of ${dims} dims for ${metric} in ${path}, got ${gaussian ? gaussian.mu.length : 'none'}. Choose the network with ${option('network')}.`,
    );
  }
  return { n: file.n, skipped: 0, statistics: gaussian };
}

/** Statistics of batches of features, and with `keep` the features and logits themselves. */
export async function accumulate(
  path: string,
  batches: AsyncIterable<FeatureBatch>,
  { dims }: Detector,
  keep: boolean,
  { caller }: MeasureWords,
): Promise<Omit<MeasuredSet, 'skipped'>> {
  const collector = collectFeatures({ dims }, { features: keep, logits: keep });
  for await (const batch of batches) collector.add(batch);
  if (collector.n < 2) {
    throw new RangeError(`${caller}: expected at least 2 images in ${path}, got ${collector.n}. Add more.`);
  }
  return collector.result();
}
