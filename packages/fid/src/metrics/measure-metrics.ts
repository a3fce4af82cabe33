import type { FeatureKind, FigureValue, ImageCounts, ImageFeatures, MetricInput } from './metric.js';
import { type FigureKey, type MetricKey, metrics } from './metrics.js';

/** What {@link measureMetrics} computes with. */
export interface MeasureMetricsOptions extends Pick<MetricInput, 'linearAlgebra'> {
  readonly metrics: readonly MetricKey[];
  readonly network: FeatureKind;
  /** Default 0. */
  readonly seed?: number | undefined;
  /** Resamples of the bootstrap of distances; default none. */
  readonly resamples?: number | undefined;
}

/** Figures of one set of images, by their names. */
export type Figures = Readonly<Partial<Record<FigureKey, FigureValue>>>;

/**
 * Figures of generated images against real ones.
 *
 * @throws {RangeError} when a metric needs features or logits that are not there.
 */
export function measureMetrics(
  fake: ImageFeatures,
  real: ImageFeatures,
  { metrics: chosen, network, seed = 0, resamples = 0, linearAlgebra }: MeasureMetricsOptions,
): Figures {
  const input: MetricInput = { fake, real, network, seed, resamples, linearAlgebra };
  return Object.assign({}, ...chosen.map((key) => metrics[key].compute(input)));
}

/** Why figures of so few images say less than they seem: a sentence for each reason. */
export const metricWarnings = (chosen: readonly MetricKey[], counts: ImageCounts): string[] => [
  ...new Set(chosen.flatMap((key) => metrics[key].warns(counts) ?? [])),
];
