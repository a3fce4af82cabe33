import { createStatistics, frechetDistance, type Gaussian, type StatisticsResult } from '@edm2/fid';
import { findLapack } from '@edm2/fid/node';
import type { PixelBatch } from '../sample/images.js';
import type { FeatureNetwork } from './feature-network.js';

/** Figures of a set of images. What the distance is called, the feature network says. */
export interface Score {
  /** Share of images that the network reads as the class they stand for, 0…1; NaN where it does not classify. */
  readonly labelAgreement: number;
  /** Fréchet distance of features to the reference. Falls with the number of images: compare equal n only. */
  readonly frechet: number;
  readonly n: number;
}

/** Dimensions from which a machine's LAPACK, if it has one, is worth looking for. */
const LARGE = 512;

/** Collects the features of images that come in parts. */
export function createScorer(network: FeatureNetwork) {
  const statistics = createStatistics(network.dims);
  let agreed = 0;
  let asked = 0;
  return {
    /** @param classOf - the class that image i of this part stands for, −1 where it stands for none. */
    async add(images: PixelBatch, classOf?: (i: number) => number): Promise<void> {
      const { features, classes } = await network.judge(images);
      statistics.add(features);
      for (let i = 0; classes && classOf && i < images.shape[0]; i++) {
        const wanted = classOf(i);
        if (wanted < 0) continue;
        asked++;
        if (classes[i] === wanted) agreed++;
      }
    },
    statistics: (): StatisticsResult => statistics.result(),
    async score(reference: Gaussian): Promise<Score> {
      const linearAlgebra = network.dims >= LARGE ? await findLapack() : undefined;
      return {
        labelAgreement: asked > 0 ? agreed / asked : Number.NaN,
        frechet: frechetDistance(statistics.result(), reference, linearAlgebra ? { linearAlgebra } : {}),
        n: statistics.n,
      };
    },
  };
}

/** Statistics of images. */
export async function statisticsOf(network: FeatureNetwork, images: PixelBatch): Promise<StatisticsResult> {
  const scorer = createScorer(network);
  await scorer.add(images);
  return scorer.statistics();
}

/** @param classOf - the class that image i stands for. */
export async function score(
  network: FeatureNetwork,
  reference: Gaussian,
  images: PixelBatch,
  classOf: (i: number) => number,
): Promise<Score> {
  const scorer = createScorer(network);
  await scorer.add(images, classOf);
  return scorer.score(reference);
}
