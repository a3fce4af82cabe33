import { createStatistics, frechetDistance, precisionRecall } from '@edm2/fid';
import { DIMS, thumbnails } from './features.js';

/** Figures of a set of images. */
export interface DemoScore {
  readonly name: string;
  readonly images: number;
  /** Fréchet distance to the reference, on thumbnails. */
  readonly frechet: number;
  readonly precision: number;
  readonly recall: number;
}

/** Compares sets of images with a reference set. */
export function createScorer(reference: Uint8Array, side: number) {
  const real = thumbnails(reference, side);
  const gaussian = statisticsOf(real);
  return (name: string, images: Uint8Array): DemoScore => {
    const features = thumbnails(images, side);
    const { precision, recall } = precisionRecall(real, features, { dims: DIMS });
    const frechet = frechetDistance(gaussian, statisticsOf(features));
    return { name, images: features.length / DIMS, frechet, precision, recall };
  };
}

function statisticsOf(features: Float32Array) {
  const statistics = createStatistics(DIMS);
  statistics.add(features);
  return statistics.result();
}
