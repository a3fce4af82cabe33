import { slicedFrechetDistance } from '../sliced-frechet-distance.js';
import { distanceFigure, distanceWarning } from './distances.js';
import { type Metric, titled } from './metric.js';

/** Sliced Fréchet distance. */
export const sfd: Metric<'sfd'> = {
  help: 'sliced Fréchet distance',
  needs: [],
  resampled: true,
  figures: { sfd: { title: titled('sliced Fréchet distance'), better: 'lower' } },
  compute: (input) => ({
    sfd: distanceFigure('sfd', input, (set, real) => slicedFrechetDistance(set, real, { seed: input.seed })),
  }),
  warns: distanceWarning,
};
