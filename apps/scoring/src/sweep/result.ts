import { FIGURES, type FigureKey } from '../scores/figure-kinds.js';
import type { Score } from '../scores/score.js';
import { type Spread, spreadOf } from '../scores/spread.js';
import type { SweepPoint } from './point.js';
import type { StoredScore } from './store.js';

/** What the draws of a point say together. */
export interface SweepResult {
  readonly point: SweepPoint;
  /** Of every figure that was asked for. */
  readonly figures: Readonly<Partial<Record<FigureKey, Spread>>>;
  /** The one that settings are chosen by. */
  readonly score: Spread;
  /** Images of each draw. */
  readonly n: number;
}

/** What settings are chosen by. */
export interface ScoreKind {
  readonly key: FigureKey;
  readonly title: string;
  readonly better: 'lower' | 'higher';
}

/** Joins the draws of a point. */
export function resultOf(point: SweepPoint, draws: readonly StoredScore[], key: FigureKey): SweepResult {
  const figures: Partial<Record<FigureKey, Spread>> = {};
  for (const each of Object.keys(FIGURES) as FigureKey[]) {
    const values = draws.flatMap(({ values }) => values[each] ?? []);
    if (values.length === draws.length) figures[each] = spreadOf(values);
  }
  return { point, figures, score: figures[key] ?? spreadOf([]), n: draws[0]?.n ?? 0 };
}

/** A result by distance, as scores of images are told. */
export const scoreOf = ({ figures: { fd, agreement }, n }: SweepResult): Score => ({
  labelAgreement: agreement?.mean ?? Number.NaN,
  frechet: fd?.mean ?? Number.NaN,
  n,
});

/** A score as the search takes it: less is better. */
export const cost = ({ score }: SweepResult, { better }: ScoreKind): number =>
  better === 'lower' ? score.mean : -score.mean;

/** Best first. */
export const ranked = (results: readonly SweepResult[], kind: ScoreKind): SweepResult[] =>
  [...results].sort((a, b) => cost(a, kind) - cost(b, kind));
