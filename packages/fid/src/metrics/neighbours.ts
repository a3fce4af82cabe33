import { type PrecisionRecall, precisionRecall } from '../precision-recall.js';
import { ENOUGH, PUBLISHED, smallerSet } from './counts.js';
import { fakeFeatures, realFeatures } from './given.js';
import type { ImageCounts, MetricInput } from './metric.js';

/** The neighbour of published figures. */
const NEIGHBOUR = 3;

/** What was computed for an input: `pr` and `dc` are read off the same distances of all pairs. */
const known = new WeakMap<MetricInput, PrecisionRecall>();

/** Precision, recall, density and coverage of an input. */
export function neighbours(metric: string, input: MetricInput): PrecisionRecall {
  const before = known.get(input);
  if (before) return before;
  const [real, fake] = [realFeatures(metric, input), fakeFeatures(metric, input)];
  const found = precisionRecall(real, fake, { k: NEIGHBOUR, dims: input.network.dims });
  known.set(input, found);
  return found;
}

/** What is wrong with such shares of few images. */
export function neighbourWarning(counts: ImageCounts): string | undefined {
  const smaller = smallerSet(counts);
  if (!smaller || smaller.n >= ENOUGH) return undefined;
  return `${smaller.words}: precision, recall, density and coverage depend on the number of images; compare equal numbers only. Published ones take ${PUBLISHED}.`;
}
