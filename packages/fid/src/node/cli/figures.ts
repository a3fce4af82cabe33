import { UsageError } from '@edm2/command/errors';
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

/** Images of a KID subset, as in publications. Smaller sets are compared whole: their subsets would all be the same. */
const KID_SUBSET = 1000;

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

/** @throws {UsageError} when an option changes nothing. */
export function checkFigureOptions({ metrics, bootstrap: resamples }: FigureOptions): void {
  if (resamples !== undefined && !metrics.includes('fd'))
    throw new UsageError(
      `--bootstrap: expected fd in --metrics as well, got ${metrics.join(',')}: alone it changes nothing. Add that, or leave it out.`,
    );
}

/** Refuses files of statistics where a metric needs images, before hours go into the other set. @throws {UsageError} */
export function expectImages(
  fake: { readonly path: string; readonly isStatistics: boolean },
  real: { readonly path: string; readonly isStatistics: boolean },
  { metrics, bootstrap: resamples }: FigureOptions,
): void {
  for (const metric of [...metrics, ...(resamples === undefined ? [] : ['--bootstrap'])]) {
    const needed = metric === 'fd' ? [] : metric === 'kid' || metric === 'pr' ? [fake, real] : [fake];
    const stored = needed.find(({ isStatistics }) => isStatistics);
    if (stored) throw noImages('images', metric, stored.path);
  }
}

const noImages = (what: string, metric: string, path: string): UsageError =>
  new UsageError(`expected ${what} for ${metric}, got ${path}. Pass a folder or zip of images.`);

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
      if (Math.min(x.length, y.length) <= KID_SUBSET * dims) {
        figures.push({ name: 'KID', value: kernelDistance(x, y, { dims }) });
        continue;
      }
      const { mean, std, values } = kernelDistance(x, y, { dims, subsets: 100, subsetSize: KID_SUBSET, seed });
      figures.push({ name: 'KID', value: mean, std, of: `${values.length} subsets of ${KID_SUBSET}` });
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
  throw noImages(what, metric, set.path);
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
    if (!metric)
      throw new InvalidArgumentError(`Expected any of ${METRICS.join(', ')}, got ${part.trim() || 'nothing'}.`);
    return metric;
  });
}

export const showFigure = ({ name, value, std, of }: Figure): string =>
  `${name} ${value.toPrecision(6)}${std === undefined ? '' : ` ± ${std.toPrecision(3)} over ${of}`}`;
