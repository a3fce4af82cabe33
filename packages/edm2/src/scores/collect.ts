import { type CollectedFeatures, collectFeatures, type FeaturePart, type KeepOptions } from '@edm2/fid';
import type { PixelBatch } from '../sample/images.js';
import type { FeatureNetwork } from './feature-network.js';

/** What a network says of some images, and whether it reads them as asked. */
export interface JudgedPart extends FeaturePart {
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
export interface Collected extends CollectedFeatures {
  /** Share of images that the network reads as the class they stand for, 0…1; NaN where none was asked for. */
  readonly labelAgreement: number;
}

/** What is kept beside mean and covariance. */
export type CollectOptions = KeepOptions;

/** Collects what was judged, part by part. */
export function createCollector(network: Pick<FeatureNetwork, 'dims'>, keep: CollectOptions = {}) {
  const collector = collectFeatures(network, keep);
  let agreed = 0;
  let asked = 0;
  return {
    add(part: JudgedPart): void {
      collector.add(part);
      for (const each of part.agreed) {
        if (each >= 0) asked++;
        if (each > 0) agreed++;
      }
    },
    /** @throws {RangeError} when there are fewer than two images. */
    result: (): Collected => ({ ...collector.result(), labelAgreement: asked > 0 ? agreed / asked : Number.NaN }),
  };
}
