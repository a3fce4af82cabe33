import { inceptionScore } from '../inception-score.js';
import { createUniform, drawRows } from '../random.js';
import { ENOUGH, PUBLISHED } from './counts.js';
import { fakeLogits } from './given.js';
import { type Metric, titled } from './metric.js';

/** Parts of the published Inception Score. */
const SPLITS = 10;

/** Images of a split, at least: one alone scores 1, whatever it shows. */
const LEAST = 2;

/**
 * Inception Score, of images in an order drawn by the seed: stored ones may lie class by class, and a split of one class scores 1. Too few
 * images to split are scored at once, as one number.
 */
export const is: Metric<'is'> = {
  help: 'Inception Score',
  aliases: { isc: {} },
  needs: ['logits'],
  figures: { is: { title: titled('Inception Score', 'classes'), better: 'higher' } },
  compute(input) {
    const logits = fakeLogits('is', input);
    const { n = 0 } = input.fake;
    const dims = logits.length / n;
    if (n < LEAST * SPLITS) return { is: { value: inceptionScore(logits, { dims, splits: 1 }).mean } };
    const order = drawRows(createUniform(input.seed), n, n);
    const { mean, std } = inceptionScore(logits, { dims, splits: SPLITS, order });
    return { is: { value: mean, std, over: 'splits', of: `${SPLITS} splits` } };
  },
  warns: ({ n }) =>
    n === undefined || n >= ENOUGH
      ? undefined
      : `${n} images: Inception Scores grow with the number of images; published ones take ${PUBLISHED}.`,
};
