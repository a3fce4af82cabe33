import { createStatistics, type StatisticsResult } from '@edm2/fid';
import type { PixelBatch } from '../sample/images.js';
import type { FeatureNetwork } from './feature-network.js';

/** What a network says of some images, and whether it reads them as asked. */
export interface JudgedPart {
  /** `[N, dims]`. */
  readonly features: Float32Array;
  /** `[N, classes]`, before the softmax; absent where the network does not classify. */
  readonly logits?: Float32Array;
  /** `[N]`: 1 read as the class it stands for, 0 as another, −1 not asked. */
  readonly agreed: Int8Array;
}

/** @param classOf - the class that image i stands for, −1 where it stands for none. */
export async function judgeImages(
  network: FeatureNetwork,
  images: PixelBatch,
  classOf?: (i: number) => number,
): Promise<JudgedPart> {
  const { features, classes, logits } = await network.judge(images);
  const agreed = Int8Array.from({ length: images.shape[0] }, (_, i) => {
    const wanted = classes && classOf ? classOf(i) : -1;
    return wanted < 0 ? -1 : Number(classes?.[i] === wanted);
  });
  return { features, agreed, ...(logits ? { logits } : {}) };
}

/** A set of images as a network sees it. */
export interface Collected {
  readonly n: number;
  readonly statistics: StatisticsResult;
  /** Share of images that the network reads as the class they stand for, 0…1; NaN where none was asked for. */
  readonly labelAgreement: number;
  /** `[n, dims]`, where they were kept. */
  readonly features?: Float32Array;
  /** `[n, classes]`, where they were kept and the network classifies. */
  readonly logits?: Float32Array;
}

/** What is kept beside mean and covariance. */
export interface CollectOptions {
  /** Keep every image's features: 8 KiB an image on Inception. */
  readonly features?: boolean;
  readonly logits?: boolean;
}

/** Collects what was judged, part by part. */
export function createCollector({ dims }: Pick<FeatureNetwork, 'dims'>, keep: CollectOptions = {}) {
  const statistics = createStatistics(dims);
  const features: Float32Array[] = [];
  const logits: Float32Array[] = [];
  let agreed = 0;
  let asked = 0;
  return {
    add(part: JudgedPart): void {
      statistics.add(part.features);
      if (keep.features) features.push(part.features);
      if (keep.logits && part.logits) logits.push(part.logits);
      for (const each of part.agreed) {
        if (each >= 0) asked++;
        if (each > 0) agreed++;
      }
    },
    /** @throws {RangeError} when there are fewer than two images. */
    result: (): Collected => ({
      n: statistics.n,
      statistics: statistics.result(),
      labelAgreement: asked > 0 ? agreed / asked : Number.NaN,
      ...(keep.features ? { features: joined(features) } : {}),
      ...(logits.length > 0 ? { logits: joined(logits) } : {}),
    }),
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
