import { vendiScore } from '../vendi-score.js';
import { ENOUGH } from './counts.js';
import { fakeFeatures } from './given.js';
import { type Metric, titled } from './metric.js';

/** Vendi score. */
export const vendi: Metric<'vendi'> = {
  help: 'Vendi score',
  needs: ['features'],
  figures: { vendi: { title: titled('Vendi score'), better: 'higher' } },
  compute: (input) => ({ vendi: { value: vendiScore(fakeFeatures('vendi', input), { dims: input.network.dims }) } }),
  warns: ({ n }) =>
    n === undefined || n >= ENOUGH
      ? undefined
      : `${n} images: Vendi scores grow with the number of images; compare equal numbers only.`,
};
