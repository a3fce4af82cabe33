import { UsageError } from '@edm2/command/errors';
import { canResample, type MetricChoice, needsOf } from '../../metrics/choose.js';
import { type MetricKey, metrics as record } from '../../metrics/metrics.js';
import type { NetworkOptions } from './measure.js';

/** What figures are made with. */
export interface FigureOptions {
  readonly metrics: MetricChoice;
  readonly bootstrap?: number;
  readonly seed: number;
  readonly lapack?: string;
}

/** What to call a set in errors, and whether it is a file of statistics. */
export interface SetKind {
  readonly path: string;
  readonly isStatistics: boolean;
}

/** Whether the figures need more of a set than its mean and covariance. */
export const needsFeatures = ({ metrics: { metrics }, bootstrap = 0 }: FigureOptions): boolean =>
  needsOf(metrics, { resamples: bootstrap }).size > 0;

/** @throws {UsageError} when an option changes nothing, or a metric is one of another network. */
export function checkFigureOptions({
  metrics: { metrics, networks },
  bootstrap,
  network,
}: FigureOptions & Pick<NetworkOptions, 'network'>): void {
  if (bootstrap !== undefined && !canResample(metrics)) {
    const resampled = (Object.keys(record) as MetricKey[]).filter((key) => canResample([key]));
    throw new UsageError(
      `--bootstrap: expected ${resampled.join(' or ')} in --metrics as well, got ${metrics.join(',')}: alone it changes nothing. Add one, or leave it out.`,
    );
  }
  const odd = networks.find((name) => name !== network);
  if (odd !== undefined)
    throw new UsageError(
      `--metrics: expected figures on the features of ${network}, got one that is defined on those of ${odd}. Add --network ${odd}, or ask for fd, the distance on any features.`,
    );
  const classless = metrics.find((key) => record[key].needs.includes('logits'));
  if (classless !== undefined && network !== 'inception')
    throw new UsageError(
      `--metrics: expected a feature network that classifies for ${classless}, got ${network}. Use --network inception.`,
    );
}

/** Refuses files of statistics where a metric needs images, before hours go into the other set. @throws {UsageError} */
export function expectImages(fake: SetKind, real: SetKind, { metrics: { metrics }, bootstrap }: FigureOptions): void {
  const wants = [
    ...metrics.map((key) => ({ who: key as string, needs: record[key].needs })),
    ...(bootstrap === undefined ? [] : [{ who: '--bootstrap', needs: ['features'] as const }]),
  ];
  for (const { who, needs } of wants)
    for (const need of needs) {
      const { path, isStatistics } = need === 'realFeatures' ? real : fake;
      if (isStatistics)
        throw new UsageError(`expected images for ${who}, got ${path}. Pass a folder or zip of images.`);
    }
}
