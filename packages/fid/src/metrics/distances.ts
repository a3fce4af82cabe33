import { takeRows } from '../features.js';
import type { Gaussian } from '../gaussian.js';
import { sampleSizeWarning } from '../sample-size.js';
import { bootstrap } from '../spread.js';
import { createStatistics } from '../statistics.js';
import { smallerSet } from './counts.js';
import { fakeFeatures } from './given.js';
import type { FigureValue, ImageCounts, MetricInput } from './metric.js';

/** A distance of statistics as a figure: of the images as they are, with its deviation over resampled ones where that was asked for. */
export function distanceFigure(
  metric: string,
  input: MetricInput,
  distance: (set: Gaussian, real: Gaussian) => number,
): FigureValue {
  const {
    fake,
    real,
    network: { dims },
    resamples,
    seed,
  } = input;
  const value = distance(fake.statistics, real.statistics);
  if (resamples === 0) return { value };
  const features = fakeFeatures(metric, input);
  const { std } = bootstrap(
    features.length / dims,
    (rows) => {
      const set = createStatistics(dims);
      set.add(takeRows(features, rows, { dims }));
      return distance(set.result(), real.statistics);
    },
    { resamples, seed },
  );
  return { value, std, over: 'resamples', of: `${resamples} resamples` };
}

/** What is wrong with a distance of statistics of so few images. */
export function distanceWarning(counts: ImageCounts): string | undefined {
  const smaller = smallerSet(counts);
  return smaller && sampleSizeWarning(smaller.n, counts.dims)?.replace(`${smaller.n} images`, smaller.words);
}
