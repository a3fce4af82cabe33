import { type FigureValue, type MetricKey, measureMetrics, needsOf } from '@edm2/fid';
import { type Collected, type CollectOptions, type FeatureNetwork, linearAlgebraFor, type Reference } from 'edm2/parts';
import type { FigureKey } from './figure-kinds.js';

/** Figures of one set of images. */
export interface Measurement {
  /** Images. */
  readonly n: number;
  readonly figures: Readonly<Partial<Record<FigureKey, FigureValue>>>;
}

/** What {@link measure} needs. */
export interface MeasureOptions {
  readonly network: Pick<FeatureNetwork, 'name' | 'figure' | 'dims'>;
  readonly reference: Reference;
  readonly metrics: readonly MetricKey[];
  /** Resamples of the bootstrap of Fréchet distances; 0: none. It needs the features. */
  readonly resamples?: number;
  /** Of subsets, splits, directions and resamples. */
  readonly seed?: number;
}

/**
 * Measures one set of images: the metrics, and label agreement where the images were to be of a class.
 *
 * @throws {RangeError} when a metric needs features or logits that are not there.
 */
export async function measure(collected: Collected, options: MeasureOptions): Promise<Measurement> {
  const { n, labelAgreement } = collected;
  const { reference, network } = options;
  const real = { n: reference.n, statistics: reference, features: reference.features };
  const figures = measureMetrics(collected, real, { ...options, ...(await linearAlgebraFor(network.dims)) });
  const agreement = Number.isNaN(labelAgreement) ? {} : { agreement: { value: labelAgreement } };
  return { n, figures: { ...figures, ...agreement } };
}

/** What must be kept of every generated image for these metrics. */
export function keptFor(
  metrics: readonly MetricKey[],
  resampling: { readonly resamples?: number } = {},
): CollectOptions {
  const needs = needsOf(metrics, resampling);
  return { features: needs.has('features'), logits: needs.has('logits') };
}
