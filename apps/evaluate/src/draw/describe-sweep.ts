import type { Averages } from '@edm2/app-scoring/sweep/averages';
import type { SweepNetworks } from '@edm2/app-scoring/sweep/networks';
import type { SweepAxes, SweepPoint } from '@edm2/app-scoring/sweep/point';
import type { SweepOptions } from '../options/sweep-options.js';

/** Whose averages a sweep compares. */
export interface SweptAverages {
  readonly main: Averages;
  readonly guide: SweepNetworks['guide'];
}

/** What is wrong with the averages of a setting. */
export function averageNotes({ sigmaRel, guideSigmaRel }: SweepPoint, { main, guide }: SweptAverages): string[] {
  const away = guide && 'warningsOf' in guide && guideSigmaRel !== undefined ? guide.warningsOf(guideSigmaRel) : [];
  return [
    ...main.warningsOf(sigmaRel).map((note) => `best setting: ${note}`),
    ...away.map((note) => `its guide: ${note}`),
  ];
}

/** Settings of a sweep for its page: what, and how. */
export function describeSettings(
  options: SweepOptions,
  { main, guide }: SweptAverages,
  axes: SweepAxes,
): [string, string][] {
  const { num, draws, seed, search, refine, steps, solver } = options;
  const rows: [string, string][] = [
    ['snapshots', `${options.indir} at ${main.t.toLocaleString('en')} images`],
    ['tracked in training', main.tracked.join(', ')],
  ];
  if (guide)
    rows.push([
      'guided by',
      'gnet' in guide ? guide.gnet : `${options.guideIndir ?? options.indir} at ${guide.t.toLocaleString('en')} images`,
    ]);
  return [
    ...rows,
    ['started from', `σ_rel ${axes.sigmaRels.join(', ')}; guidance ${axes.weights.join(', ')}`],
    ['search', `${search}, ${refine} rounds of refinement`],
    ['sampler', `${solver}, ${steps} steps`],
    ['images', `${num} a draw, ${draws} draw${draws > 1 ? 's' : ''}, seeds from ${seed}`],
    ['compared with', options.ref ?? ''],
  ];
}
