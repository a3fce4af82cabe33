import type { Dataset } from '@edm2/dataset';

/** Levels of a value of 8 bits. */
const LEVELS = 256;

/** Figures of the images of a dataset. */
export interface ImageStatistics {
  readonly images: number;
  readonly side: number;
  readonly channels: number;
  /** Of each channel, over all pixels, 0…255. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  /** Deviation of all values as training sees them, in −1…1: EDM2's σ_data of these images. */
  readonly sigmaData: number;
  /** Of each channel: how many values there are of each level. */
  readonly histograms: readonly (readonly number[])[];
  /** Shares of values that are 0 and 255. */
  readonly black: number;
  readonly white: number;
  /** Images of each class; empty without. */
  readonly classes: readonly { readonly name: string; readonly images: number }[];
}

/** Images that are read at a time. */
const BATCH = 64;

/**
 * Measures all images of a dataset. Exact: sums of levels are counted, not added up.
 *
 * @param onProgress - called with the number of images that were read.
 */
export async function measureImages(
  dataset: Dataset,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (done: number) => void },
): Promise<ImageStatistics> {
  const { sourceLength: images, resolution: side, channels } = dataset;
  const histograms = Array.from({ length: channels }, () => new Float64Array(LEVELS));
  for (let at = 0; at < images; at += BATCH) {
    signal.throwIfAborted();
    const indices = Array.from({ length: Math.min(BATCH, images - at) }, (_, i) => at + i);
    for (const pixels of await Promise.all(indices.map((i) => dataset.read(i))))
      for (let i = 0; i < pixels.length; i++) {
        const histogram = histograms[i % channels] as Float64Array;
        const level = pixels[i] as number;
        histogram[level] = (histogram[level] as number) + 1;
      }
    onProgress(at + indices.length);
  }
  const all = sumOf(histograms);
  const count = images * side * side;
  const each = histograms.map((histogram) => momentsOf(histogram));
  return {
    images,
    side,
    channels,
    mean: each.map(({ mean }) => mean),
    deviation: each.map(({ deviation }) => deviation),
    sigmaData: momentsOf(all).deviation / 127.5,
    histograms: histograms.map((histogram) => Array.from(histogram)),
    black: (all[0] as number) / (count * channels),
    white: (all[LEVELS - 1] as number) / (count * channels),
    classes: classesOf(dataset),
  };
}

function sumOf(histograms: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(LEVELS);
  for (const histogram of histograms)
    for (let v = 0; v < LEVELS; v++) sum[v] = (sum[v] as number) + (histogram[v] as number);
  return sum;
}

function momentsOf(histogram: Float64Array): { readonly mean: number; readonly deviation: number } {
  let [count, sum] = [0, 0];
  for (let v = 0; v < LEVELS; v++) {
    count += histogram[v] as number;
    sum += v * (histogram[v] as number);
  }
  const mean = sum / count;
  let squares = 0;
  for (let v = 0; v < LEVELS; v++) squares += (v - mean) ** 2 * (histogram[v] as number);
  return { mean, deviation: Math.sqrt(squares / count) };
}

function classesOf(dataset: Dataset): { name: string; images: number }[] {
  if (dataset.labelKind !== 'class') return [];
  const counts = new Array<number>(dataset.labelDim).fill(0);
  for (let i = 0; i < dataset.sourceLength; i++) {
    const label = dataset.classOf(i);
    counts[label] = (counts[label] as number) + 1;
  }
  return counts.map((images, i) => ({ name: dataset.classNames[i] ?? String(i), images }));
}
