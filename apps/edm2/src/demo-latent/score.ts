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

/**
 * Of each image the one of a set that is nearest, pixel by pixel: what a network has learned by heart is seen beside it.
 *
 * @param images - `[N, size]`.
 * @param from - `[M, size]`.
 * @returns `[N, size]`.
 */
export function nearest(images: Uint8Array, from: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(images.length);
  for (let n = 0; n * size < images.length; n++) {
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let m = 0; m * size < from.length; m++) {
      let distance = 0;
      for (let i = 0; i < size && distance < least; i++)
        distance += ((images[n * size + i] as number) - (from[m * size + i] as number)) ** 2;
      if (distance < least) [best, least] = [m, distance];
    }
    out.set(from.subarray(best * size, (best + 1) * size), n * size);
  }
  return out;
}
