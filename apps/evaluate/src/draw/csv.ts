import { FIGURES, type FigureKey } from '../metrics/metrics.js';
import type { SweepResult } from '../sweep/result.js';

const POINT = ['sigma_rel', 'guide_sigma_rel', 'guidance', 'interval_lo', 'interval_hi'];

/** A line for each point, best first as given; empty where a value plays no part or is not known. */
export function sweepCsv(results: readonly SweepResult[]): string {
  const keys = (Object.keys(FIGURES) as FigureKey[]).filter((key) => results.some(({ figures }) => figures[key]));
  const columns = [...POINT, ...keys.flatMap((key) => [`${key}_mean`, `${key}_std`]), 'n', 'draws'];
  const cell = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? '' : value === Number.POSITIVE_INFINITY ? 'inf' : String(value);
  const rows = results.map(({ point, figures, score, n }) =>
    [
      point.sigmaRel,
      point.guideSigmaRel,
      point.weight,
      point.interval?.[0],
      point.interval?.[1],
      ...keys.flatMap((key) => [figures[key]?.mean, figures[key]?.std]),
      n,
      score.draws,
    ].map(cell),
  );
  return [columns, ...rows].map((row) => `${row.join(',')}\n`).join('');
}
