import { InvalidArgumentError } from 'commander';
import { takeRows } from '../../features.js';
import { frechetDistance } from '../../frechet-distance.js';
import { inceptionScore } from '../../inception-score.js';
import { kernelDistance } from '../../kernel-distance.js';
import { precisionRecall } from '../../precision-recall.js';
import { bootstrap, spreadOf } from '../../spread.js';
import { createStatistics } from '../../statistics.js';
import { vendiScore } from '../../vendi-score.js';
import type { Detector } from '../detectors.js';
import { findLapack } from '../lapack.js';
import type { MeasuredSet } from './measure.js';

/** Metrics by their names on the command line. */
export const METRICS = ['fd', 'kid', 'pr', 'is', 'vendi'] as const;
export type Metric = (typeof METRICS)[number];

/** What figures are made with. */
export interface FigureOptions {
  readonly metrics: readonly Metric[];
  readonly bootstrap?: number;
  readonly seed: number;
  readonly lapack?: string;
}

/** A figure as it is printed; `std` where it is a mean over draws. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly std?: number;
  readonly of?: string;
}

/** Whether the metrics need more of a set than its mean and covariance. */
export const needsFeatures = ({ metrics, bootstrap: resamples }: FigureOptions): boolean =>
  metrics.some((metric) => metric !== 'fd') || resamples !== undefined;

/** Figures of generated images against real ones. */
export async function figuresOf(
  fake: MeasuredSet,
  real: MeasuredSet,
  { title, dims }: Pick<Detector, 'title' | 'dims'>,
  { metrics, seed, lapack, bootstrap: resamples }: FigureOptions,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const metric of metrics) {
    if (metric === 'fd') {
      const linearAlgebra = await findLapack({ library: lapack });
      figures.push({ name: title, value: frechetDistance(fake.gaussian, real.gaussian, { linearAlgebra }) });
      if (resamples === undefined) continue;
      const features = featuresOf(fake, 'features', '--bootstrap');
      const spread = bootstrap(
        features.length / dims,
        (rows) => {
          const statistics = createStatistics(dims);
          statistics.add(takeRows(features, rows, { dims }));
          return frechetDistance(statistics.result(), real.gaussian, { linearAlgebra });
        },
        { resamples, seed },
      );
      figures.push({ name: `${title} resampled`, value: spread.mean, std: spread.std, of: `${resamples} resamples` });
    } else if (metric === 'kid') {
      const [x, y] = [featuresOf(real, 'features', 'kid'), featuresOf(fake, 'features', 'kid')];
      const { mean, std, values } = kernelDistance(x, y, { dims, subsets: 100, seed });
      figures.push({ name: 'KID', value: mean, std, of: `${values.length} subsets` });
    } else if (metric === 'pr') {
      const result = precisionRecall(featuresOf(real, 'features', 'pr'), featuresOf(fake, 'features', 'pr'), { dims });
      for (const [name, value] of Object.entries(result)) figures.push({ name, value });
    } else if (metric === 'is') {
      const logits = featuresOf(fake, 'logits', 'is');
      const { mean, std } = inceptionScore(logits, {
        dims: logits.length / (fake.n ?? 1),
        splits: Math.min(10, fake.n ?? 1),
      });
      figures.push({ name: 'IS', value: mean, std, of: 'splits, in the order of names' });
    } else {
      figures.push({ name: 'Vendi', value: vendiScore(featuresOf(fake, 'features', 'vendi'), { dims }) });
    }
  }
  return figures;
}

function featuresOf(set: MeasuredSet, which: 'features' | 'logits', metric: string): Float32Array {
  const values = set[which];
  if (values) return values;
  const what = which === 'logits' ? 'Inception’s logits' : 'images';
  throw new RangeError(`fid: expected ${what} for ${metric}, got ${set.path}. Pass a folder or zip of images.`);
}

/** The same figures of several draws as one: mean and sample standard deviation over the draws. */
export function overDraws(draws: readonly (readonly Figure[])[]): Figure[] {
  const [first = []] = draws;
  if (draws.length < 2) return [...first];
  return first.map(({ name }, i) => {
    const { mean, std } = spreadOf(draws.map((figures) => figures[i]?.value ?? Number.NaN));
    return { name, value: mean, std, of: `${draws.length} draws` };
  });
}

/** @throws {InvalidArgumentError} for a name that is none. */
export function parseMetrics(text: string): Metric[] {
  return text.split(',').map((part) => {
    const metric = METRICS.find((known) => known === part.trim());
    if (!metric) throw new InvalidArgumentError(`Expected any of ${METRICS.join(', ')}, got "${part}".`);
    return metric;
  });
}

export const showFigure = ({ name, value, std, of }: Figure): string =>
  `${name} ${value.toPrecision(6)}${std === undefined ? '' : ` ± ${std.toPrecision(3)} over ${of}`}`;
