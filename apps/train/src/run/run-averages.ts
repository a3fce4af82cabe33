import { type Average, halfLifeEma, powerEma } from '@edm2/training';
import type { RunConfig } from '../options/run-config.js';

/** What names an average: its relative length, or the name of one that has none. */
export type AverageKey = number | string;

/** One of a run's averages: how a step keeps it, and what its files say of it. */
export interface RunAverage {
  readonly average: Average;
  readonly key: AverageKey;
  readonly metadata: Readonly<Record<string, string>>;
}

type Tracked = Pick<RunConfig, 'emaSigmaRels' | 'emaHalfLife' | 'emaRampup'>;

/** The averages that a configuration asks for. */
export function runAverages(config: Tracked): readonly RunAverage[] {
  const power = config.emaSigmaRels.map((sigmaRel) => ({
    average: powerEma(sigmaRel),
    key: sigmaRel,
    metadata: { sigmaRel: String(sigmaRel) },
  }));
  return [...power, ...traditionalAverages(config)];
}

/** The traditional average of a run, if it has one: config A is sampled with it. No length can be made of it, so that none is in its files. */
export function traditionalAverages({ emaHalfLife: halfLife, emaRampup }: Omit<Tracked, 'emaSigmaRels'>): RunAverage[] {
  if (halfLife === 0) return [];
  const average = halfLifeEma({ halfLife, rampup: emaRampup > 0 ? emaRampup : undefined });
  return [{ average, key: average.name, metadata: { halfLife: String(halfLife) } }];
}
