import {
  type Collected,
  type CollectOptions,
  createCollector,
  type Decoder,
  type FeatureNetwork,
  judgeImages,
  type SampleOptions,
  samplePixels,
} from 'edm2/parts';
import type { Journal } from './journal.js';

/** What {@link collectModel} needs. */
export interface CollectModelOptions extends SampleOptions {
  readonly decoder: Decoder;
  readonly network: FeatureNetwork;
  readonly keep?: CollectOptions;
  /** Where what was judged is kept as it is found, and taken up from; none: an interruption loses it. */
  readonly journal?: Journal;
}

/** Draws an image for each seed and judges it; no more than a batch of images is in memory. */
export async function collectModel(options: CollectModelOptions): Promise<Collected> {
  const { network, keep, journal, seeds, onProgress, ...sampling } = options;
  const collector = createCollector(network, keep);
  const batch = Math.min(options.batch, seeds.length);
  let done = 0;
  if (journal)
    for await (const part of journal.read(batch, seeds.length)) {
      collector.add(part);
      done += part.agreed.length;
    }
  onProgress?.(done);
  const { labelDim } = options.config;
  for await (const { seeds: drawn, images } of samplePixels({
    ...sampling,
    seeds: seeds.slice(done),
    batch,
    fullBatches: true,
    onProgress: (more) => onProgress?.(done + more),
  })) {
    const classOf = labelDim > 0 ? (i: number) => options.classOf(drawn[i] ?? 0) : undefined;
    const part = await judgeImages(network, images, classOf);
    await journal?.append(part);
    collector.add(part);
  }
  return collector.result();
}

/** Seeds of the draws: `draws` blocks of `num` that follow one another from `first` on. */
export const drawSeeds = (first: number, num: number, draws: number): number[][] =>
  Array.from({ length: draws }, (_, draw) => Array.from({ length: num }, (_, i) => first + draw * num + i));
