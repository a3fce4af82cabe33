import { measureMetrics } from '../../metrics/measure-metrics.js';
import type { FeatureKind, ImageFeatures } from '../../metrics/metric.js';
import { figureKinds, figuresOf as figuresOfMetrics } from '../../metrics/metrics.js';
import { type Figure, figuresOverDraws } from '../../metrics/over-draws.js';
import { findLapack } from '../lapack.js';
import type { FigureOptions } from './figure-options.js';

/**
 * Figures of generated images, each draw against the same real ones.
 *
 * @param network - whose features the sets hold.
 */
export async function figuresOf(
  draws: AsyncIterable<ImageFeatures> | Iterable<ImageFeatures>,
  real: ImageFeatures,
  network: FeatureKind,
  { metrics: { metrics }, seed, lapack, bootstrap: resamples }: FigureOptions,
): Promise<Figure[]> {
  const linearAlgebra = await findLapack({ library: lapack });
  const measured = [];
  for await (const fake of draws)
    measured.push(measureMetrics(fake, real, { metrics, network, seed, resamples, linearAlgebra }));
  const kinds = Object.fromEntries(figuresOfMetrics(metrics).map((key) => [key, figureKinds[key]]));
  return figuresOverDraws(kinds, network, measured);
}

export const showFigure = ({ name, value, std, of }: Figure): string =>
  `${name} ${value.toPrecision(6)}${std === undefined ? '' : ` ± ${std.toPrecision(3)} over ${of}`}`;
