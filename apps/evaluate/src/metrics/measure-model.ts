import type { Decoder } from '@edm2/app-kit/sample/decode';
import type { PixelBatch } from '@edm2/app-kit/sample/images';
import { type SampleOptions, samplePixels } from '@edm2/app-kit/sample/sample-pixels';
import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import { createScorer, type Score } from '@edm2/app-kit/scores/score';
import type { Gaussian } from '@edm2/fid';

/** What {@link measureModel} needs. */
export interface MeasureOptions extends SampleOptions {
  readonly decoder: Decoder;
  readonly network: FeatureNetwork;
  readonly reference: Gaussian;
  /** Shown the images of every batch. */
  readonly onImages?: (images: PixelBatch) => void;
}

/** Draws an image for each seed and scores them; no more than a batch is in memory. */
export async function measureModel({ network, reference, onImages, ...options }: MeasureOptions): Promise<Score> {
  const scorer = createScorer(network);
  const { labelDim } = options.config;
  for await (const { seeds, images } of samplePixels(options)) {
    const classOf = labelDim > 0 ? (i: number) => options.classOf(seeds[i] ?? 0) : undefined;
    await scorer.add(images, classOf);
    onImages?.(images);
  }
  return scorer.score(reference);
}

/** Seeds of the draws: `draws` blocks of `num` that follow one another from `first` on. */
export const drawSeeds = (first: number, num: number, draws: number): number[][] =>
  Array.from({ length: draws }, (_, draw) => Array.from({ length: num }, (_, i) => first + draw * num + i));
