import { frechetDistance, type Gaussian, type StatisticsResult } from '@edm2/fid';
import { createCollector, type FeatureNetwork, judgeImages, linearAlgebraFor, type PixelBatch } from 'edm2/parts';

/** Figures of a set of images. What the distance is called, the feature network says. */
export interface Score {
  /** Share of images that the network reads as the class they stand for, 0…1; NaN where it does not classify. */
  readonly labelAgreement: number;
  /** Fréchet distance of features to the reference. Falls with the number of images: compare equal n only. */
  readonly frechet: number;
  readonly n: number;
}

/** Statistics of images. */
export async function statisticsOf(network: FeatureNetwork, images: PixelBatch): Promise<StatisticsResult> {
  const collector = createCollector(network);
  collector.add(await judgeImages(network, images));
  return collector.result().statistics;
}

/** @param classOf - the class that image i stands for. */
export async function score(
  network: FeatureNetwork,
  reference: Gaussian,
  images: PixelBatch,
  classOf: (i: number) => number,
): Promise<Score> {
  const collector = createCollector(network);
  collector.add(await judgeImages(network, images, classOf));
  const { n, statistics, labelAgreement } = collector.result();
  return { labelAgreement, frechet: frechetDistance(statistics, reference, await linearAlgebraFor(network.dims)), n };
}
