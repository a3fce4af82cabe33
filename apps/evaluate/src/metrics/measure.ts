import type { Collected } from '@edm2/app-kit/scores/collect';
import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import type { Reference } from '@edm2/app-kit/scores/reference-file';
import { linearAlgebraFor } from '@edm2/app-kit/scores/score';
import {
  bootstrap,
  createStatistics,
  frechetDistance,
  inceptionScore,
  kernelDistance,
  precisionRecall,
  slicedFrechetDistance,
  takeRows,
  vendiScore,
} from '@edm2/fid';
import { createRandom } from '@edm2/random';
import type { FigureKey, MetricName } from './metrics.js';

/** Where a figure's own uncertainty comes from, of one draw. */
export type SpreadKind = 'subsets' | 'splits' | 'resamples';

/** Figures of one set of images. */
export interface Measurement {
  /** Images. */
  readonly n: number;
  readonly values: Readonly<Partial<Record<FigureKey, number>>>;
  /** Standard deviation over subsets, splits or resamples, for the figures that have one. */
  readonly spreads: Readonly<Partial<Record<FigureKey, { readonly std: number; readonly over: SpreadKind }>>>;
}

/** What {@link measure} needs. */
export interface MeasureOptions {
  readonly network: Pick<FeatureNetwork, 'name' | 'dims'>;
  readonly reference: Reference;
  readonly metrics: readonly MetricName[];
  /** Resamples of the bootstrap of Fréchet distances; 0: none. It needs the features. */
  readonly resamples?: number;
  /** Of subsets, directions and resamples. */
  readonly seed?: number;
}

/** Subsets of the published kernel distance, parts of the published Inception Score, neighbours of the published precision. */
const SUBSETS = 100;
const SPLITS = 10;
const NEIGHBOUR = 3;

/**
 * Measures one set of images.
 *
 * @throws {RangeError} when a metric needs features or logits that are not there.
 */
export async function measure(collected: Collected, options: MeasureOptions): Promise<Measurement> {
  const { network, reference, metrics, resamples = 0, seed = 0 } = options;
  const { n, statistics, labelAgreement } = collected;
  const { dims } = network;
  const values: Partial<Record<FigureKey, number>> = {};
  const spreads: Partial<Record<FigureKey, { std: number; over: SpreadKind }>> = {};
  const distances = {
    fd: await linearAlgebraFor(dims).then((by) => (set: typeof statistics) => frechetDistance(set, reference, by)),
    sfd: (set: typeof statistics) => slicedFrechetDistance(set, reference, { seed }),
  };
  for (const key of ['fd', 'sfd'] as const) {
    if (!metrics.includes(key)) continue;
    values[key] = distances[key](statistics);
    if (resamples === 0) continue;
    const features = featuresOf(collected, '--bootstrap');
    const { std } = bootstrap(
      n,
      (rows) => {
        const set = createStatistics(dims);
        set.add(takeRows(features, rows, { dims }));
        return distances[key](set.result());
      },
      { resamples, seed },
    );
    spreads[key] = { std, over: 'resamples' };
  }
  if (metrics.includes('kid')) {
    const [x, y] = [realFeatures(reference, 'kid'), featuresOf(collected, 'kid')];
    const { mean, std } = kernelDistance(x, y, { dims, subsets: SUBSETS, seed });
    values.kid = mean;
    spreads.kid = { std, over: 'subsets' };
  }
  if (metrics.includes('pr') || metrics.includes('dc')) {
    const pair = [realFeatures(reference, 'pr and dc'), featuresOf(collected, 'pr and dc')] as const;
    const { precision, recall, density, coverage } = precisionRecall(...pair, { k: NEIGHBOUR, dims });
    if (metrics.includes('pr')) Object.assign(values, { precision, recall });
    if (metrics.includes('dc')) Object.assign(values, { density, coverage });
  }
  if (metrics.includes('is')) {
    const { logits } = collected;
    if (!logits)
      throw new RangeError(`measure: expected a network that classifies for is, got ${network.name}. Use Inception.`);
    // Stored images may lie class by class.
    const order = createRandom(seed).stream('metrics', 'splits').permutation(n);
    const { mean, std } = inceptionScore(logits, { dims: logits.length / n, splits: Math.min(SPLITS, n), order });
    values.is = mean;
    spreads.is = { std, over: 'splits' };
  }
  if (metrics.includes('vendi')) values.vendi = vendiScore(featuresOf(collected, 'vendi'), { dims });
  if (!Number.isNaN(labelAgreement)) values.agreement = labelAgreement;
  return { n, values, spreads };
}

function featuresOf({ features }: Collected, what: string): Float32Array {
  if (features) return features;
  throw new Error(`measure: expected the features of every image for ${what}, got statistics alone. Report this.`);
}

function realFeatures({ features }: Reference, what: string): Float32Array {
  if (features) return features;
  throw new RangeError(
    `--ref: expected real images, or statistics that metrics ref made with --keep-features, for ${what}, got statistics alone. Name a folder or zip of images.`,
  );
}
