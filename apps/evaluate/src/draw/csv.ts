import { FIGURES, type FigureKey } from '@edm2/app-scoring/scores/figure-kinds';
import type { SweepResult } from '@edm2/app-scoring/sweep/result';

const POINT = ['sigma_rel', 'guide_sigma_rel', 'guidance', 'interval_lo', 'interval_hi'];

/** What stands before the figures of a result. */
type Cells = readonly (string | number | undefined)[];

/** A line for each point, best first as given; empty where a value plays no part or is not known. */
export const sweepCsv = (results: readonly SweepResult[]): string =>
  figuresCsv(
    POINT,
    results.map((result) => {
      const { sigmaRel, guideSigmaRel, weight, interval } = result.point;
      return [[sigmaRel, guideSigmaRel, weight, interval?.[0], interval?.[1]], result];
    }),
  );

/** Lines of results: the columns named, then mean and deviation of every figure. */
export function figuresCsv(heads: readonly string[], rows: readonly (readonly [Cells, SweepResult])[]): string {
  const keys = (Object.keys(FIGURES) as FigureKey[]).filter((key) => rows.some(([, { figures }]) => figures[key]));
  const columns = [...heads, ...keys.flatMap((key) => [`${key}_mean`, `${key}_std`]), 'n', 'draws'];
  const lines = rows.map(([cells, { figures, score, n }]) => [
    ...cells,
    ...keys.flatMap((key) => [figures[key]?.mean, figures[key]?.std]),
    n,
    score.draws,
  ]);
  return csvText([columns, ...lines]);
}

/** Lines of cells; one that is not known is empty. */
export const csvText = (lines: readonly Cells[]): string =>
  lines.map((line) => `${line.map(cell).join(',')}\n`).join('');

function cell(value: string | number | undefined): string {
  if (typeof value === 'string') return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  if (value === undefined || Number.isNaN(value)) return '';
  return value === Number.POSITIVE_INFINITY ? 'inf' : String(value);
}
