import { type Spread, spreadOf } from '@edm2/app-kit/scores/spread';
import type { SweepPoint } from './point.js';
import type { StoredScore } from './store.js';

/** What the draws of a point say together. */
export interface SweepResult {
  readonly point: SweepPoint;
  readonly frechet: Spread;
  /** NaN throughout where nothing was classified. */
  readonly labelAgreement: Spread;
  /** Images of each draw. */
  readonly n: number;
}

/** Joins the draws of a point. */
export const resultOf = (point: SweepPoint, draws: readonly StoredScore[]): SweepResult => ({
  point,
  frechet: spreadOf(draws.map(({ score }) => score.frechet)),
  labelAgreement: spreadOf(draws.map(({ score }) => score.labelAgreement)),
  n: draws[0]?.score.n ?? 0,
});

/** Best first. */
export const ranked = (results: readonly SweepResult[]): SweepResult[] =>
  [...results].sort((a, b) => a.frechet.mean - b.frechet.mean);
