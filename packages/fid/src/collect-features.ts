import { createStatistics, type StatisticsResult } from './statistics.js';

/** What a network said of some images. */
export interface FeaturePart {
  /** `[N, dims]`. */
  readonly features: Float32Array;
  /** `[N, classes]` before the softmax; absent where the network does not classify. */
  readonly logits?: Float32Array | undefined;
}

/** What is kept beside mean and covariance. */
export interface KeepOptions {
  /** Every image's features: 8 KiB an image on Inception. */
  readonly features?: boolean | undefined;
  readonly logits?: boolean | undefined;
}

/** A set of images as a network sees it. */
export interface CollectedFeatures {
  readonly n: number;
  readonly statistics: StatisticsResult;
  /** `[n, dims]`, where they were kept. */
  readonly features?: Float32Array;
  /** `[n, classes]`, where they were kept and the network classifies. */
  readonly logits?: Float32Array;
}

/** Collects what a network says of a set of images, part by part. */
export interface FeatureCollector {
  /** Images so far. */
  readonly n: number;
  add(part: FeaturePart): void;
  /** @throws {RangeError} when there are fewer than two images. */
  result(): CollectedFeatures;
}

/** Starts a set without images. */
export function collectFeatures({ dims }: { readonly dims: number }, keep: KeepOptions = {}): FeatureCollector {
  const statistics = createStatistics(dims);
  const features: Float32Array[] = [];
  const logits: Float32Array[] = [];
  return {
    get n() {
      return statistics.n;
    },
    add(part) {
      statistics.add(part.features);
      if (keep.features) features.push(part.features);
      if (keep.logits && part.logits) logits.push(part.logits);
    },
    result: () => ({
      n: statistics.n,
      statistics: statistics.result(),
      ...(keep.features ? { features: joinParts(features) } : {}),
      ...(logits.length > 0 ? { logits: joinParts(logits) } : {}),
    }),
  };
}

/** Rows of all parts, in their order. */
export function joinParts(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
