import { createStatistics, frechetDistance } from '@edm2/fid';
import { type Classifier, FEATURES } from './classifier.js';

/** Figures of a set of images: what they are, not FID. */
export interface Score {
  /** Share of images that the classifier reads as the class they stand for, 0…1. */
  readonly labelAgreement: number;
  /** Fréchet distance of classifier features to the real test set. Falls with the number of images: compare equal n only. */
  readonly frechet: number;
  readonly n: number;
}

/** Mean and covariance of a feature set. */
export type Reference = ReturnType<ReturnType<typeof createStatistics>['result']>;

/** Statistics of real images. */
export function referenceOf(classifier: Classifier, images: Uint8Array, count: number): Reference {
  const statistics = createStatistics(FEATURES);
  statistics.add(classifier.judge(images, count).features);
  return statistics.result();
}

/** @param classOf - the class that image i stands for. */
export function score(
  classifier: Classifier,
  reference: Reference,
  images: Uint8Array,
  count: number,
  classOf: (i: number) => number,
): Score {
  const { features, classes } = classifier.judge(images, count);
  const statistics = createStatistics(FEATURES);
  statistics.add(features);
  let agreed = 0;
  for (let i = 0; i < count; i++) if (classes[i] === classOf(i)) agreed++;
  return { labelAgreement: agreed / count, frechet: frechetDistance(statistics.result(), reference), n: count };
}
