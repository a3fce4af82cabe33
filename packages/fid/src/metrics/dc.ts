import { type Metric, titled } from './metric.js';
import { neighbours, neighbourWarning } from './neighbours.js';

/** Density and coverage. */
export const dc: Metric<'density' | 'coverage'> = {
  help: 'density and coverage',
  needs: ['features', 'realFeatures'],
  figures: {
    density: { title: titled('density'), better: 'higher' },
    coverage: { title: titled('coverage'), better: 'higher' },
  },
  compute(input) {
    const { density, coverage } = neighbours('dc', input);
    return { density: { value: density }, coverage: { value: coverage } };
  },
  warns: neighbourWarning,
};
