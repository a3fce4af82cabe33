import { type Metric, titled } from './metric.js';
import { neighbours, neighbourWarning } from './neighbours.js';

/** Improved precision and recall. */
export const pr: Metric<'precision' | 'recall'> = {
  help: 'precision and recall',
  aliases: { prc: {} },
  needs: ['features', 'realFeatures'],
  figures: {
    precision: { title: titled('precision'), better: 'higher' },
    recall: { title: titled('recall'), better: 'higher' },
  },
  compute(input) {
    const { precision, recall } = neighbours('pr', input);
    return { precision: { value: precision }, recall: { value: recall } };
  },
  warns: neighbourWarning,
};
