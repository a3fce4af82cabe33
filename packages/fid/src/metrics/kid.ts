import { kernelDistance } from '../kernel-distance.js';
import { smallerSet } from './counts.js';
import { fakeFeatures, realFeatures } from './given.js';
import { type Metric, titled } from './metric.js';

/** Subsets of the published kernel distance, and images of each. */
const SUBSETS = 100;
const SUBSET_SIZE = 1000;

/**
 * Kernel distance. Published figures are means over subsets of 1000; where a set has no more images than that, its subsets would all be
 * the set itself, so the whole sets are compared, as one number without a deviation.
 */
export const kid: Metric<'kid'> = {
  help: 'kernel distance',
  needs: ['features', 'realFeatures'],
  figures: { kid: { title: titled('KID'), better: 'lower' } },
  compute(input) {
    const { dims } = input.network;
    const [x, y] = [realFeatures('kid', input), fakeFeatures('kid', input)];
    if (Math.min(x.length, y.length) <= SUBSET_SIZE * dims) return { kid: { value: kernelDistance(x, y, { dims }) } };
    const { seed } = input;
    const { mean, std } = kernelDistance(x, y, { dims, subsets: SUBSETS, subsetSize: SUBSET_SIZE, seed });
    return { kid: { value: mean, std, over: 'subsets', of: `${SUBSETS} subsets of ${SUBSET_SIZE}` } };
  },
  warns(counts) {
    const smaller = smallerSet(counts);
    if (!smaller || smaller.n >= SUBSET_SIZE) return undefined;
    return `${smaller.words}: KID is of the whole sets, as one number; published ones are means over ${SUBSETS} subsets of ${SUBSET_SIZE}.`;
  },
};
