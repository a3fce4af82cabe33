import { INK, MARK, MUTED } from '@edm2/app-kit/pictures/theme';
import type { Interval, SweepPoint } from '@edm2/app-scoring/sweep/point';
import { cost, type ScoreKind, type SweepResult } from '@edm2/app-scoring/sweep/result';
import type { TopLevelSpec } from 'vega-lite';
import { bestOver } from './best-over.js';

/** Dark is good. Unlike the theme's colours, so that a page's dark style leaves the cells alone. */
const GOOD = '#1c4599';
const BAD = '#e8eefb';
const DARK_TEXT = '#1d2530';
const LIGHT_TEXT = '#fefefe';

/** What an axis of a heat map shows. */
export interface HeatAxis {
  readonly title: string;
  /** Value of a point, and what it sorts by; undefined where the axis plays no part in it. */
  of(point: SweepPoint): { readonly label: string; readonly order: number } | undefined;
}

const intervalLabel = ([lo, hi]: Interval): string =>
  hi === Number.POSITIVE_INFINITY ? `> ${lo}` : lo === 0 ? `≤ ${hi}` : `${lo}–${hi}`;

const number = (value: number | undefined) =>
  value === undefined ? undefined : { label: String(value), order: value };

/** Axes by name. */
export const HEAT_AXES = {
  sigmaRel: { title: 'EMA length σ_rel', of: ({ sigmaRel }) => number(sigmaRel) },
  weight: { title: 'guidance weight', of: ({ weight }) => number(weight) },
  guideSigmaRel: { title: 'guiding σ_rel', of: ({ guideSigmaRel }) => number(guideSigmaRel) },
  interval: {
    title: 'guided σ',
    of: ({ weight, interval }) =>
      weight === 1 ? undefined : { label: interval ? intervalLabel(interval) : 'all', order: interval?.[0] ?? -1 },
  },
} as const satisfies Record<string, HeatAxis>;

/**
 * Scores over two axes, the best of the others in each cell; the best cell is framed.
 *
 * @returns undefined when either axis has fewer than two values.
 */
export function heatMap(
  results: readonly SweepResult[],
  x: HeatAxis,
  y: HeatAxis,
  kind: ScoreKind,
): TopLevelSpec | undefined {
  const placed = results.filter(({ point }) => x.of(point) && y.of(point));
  const cells = bestOver(placed, kind, ({ point }) => `${x.of(point)?.label}|${y.of(point)?.label}`).map((result) => ({
    x: x.of(result.point)?.label,
    y: y.of(result.point)?.label,
    score: result.score.mean,
    cost: cost(result, kind),
  }));
  const [columns, rows] = [labels(placed, x), labels(placed, y)];
  if (columns.length < 2 || rows.length < 2) return undefined;
  const scores = cells.map(({ score }) => score);
  const [framed] = [...cells].sort((a, b) => a.cost - b.cost);
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  // Distances spread over orders of magnitude: on a logarithmic scale the neighbourhood of the best stays readable.
  const scale = low > 0 && high / low > 2 ? 'log' : 'linear';
  const middle = scale === 'log' ? Math.sqrt(low * high) : (low + high) / 2;
  const encoding = {
    x: {
      field: 'x',
      type: 'ordinal',
      sort: columns,
      title: x.title,
      axis: { labelAngle: 0, labelFlush: false, grid: false },
    },
    y: { field: 'y', type: 'ordinal', sort: [...rows].reverse(), title: y.title, axis: { grid: false } },
  } as const;
  return {
    title: {
      text: kind.title,
      subtitle: [
        `${kind.better} (darker) is better; empty: not measured; framed: ${format(framed?.score ?? 0)}, the best`,
        'each cell: the best of whatever else was swept',
      ],
    },
    width: Math.max(300, Math.min(600, columns.length * 52)),
    height: Math.max(90, rows.length * 34),
    layer: [
      {
        data: { values: cells },
        mark: { type: 'rect' },
        encoding: {
          ...encoding,
          color: {
            field: 'score',
            type: 'quantitative',
            scale: {
              type: scale,
              domain: [low, high],
              range: kind.better === 'lower' ? [GOOD, BAD] : [BAD, GOOD],
              nice: false,
            },
            legend: {
              title: null,
              orient: 'right',
              gradientLength: Math.max(90, rows.length * 34),
              gradientThickness: 12,
              values: ticks(low, high, scale),
              format: '.3~g',
              labelColor: INK,
              titleColor: MUTED,
            },
          },
        },
      },
      {
        data: { values: cells.map((cell) => ({ ...cell, text: format(cell.score) })) },
        mark: { type: 'text', fontSize: 11 },
        encoding: {
          ...encoding,
          text: { field: 'text' },
          color: {
            condition: { test: `datum.score ${kind.better === 'lower' ? '<' : '>'} ${middle}`, value: LIGHT_TEXT },
            value: DARK_TEXT,
          },
        },
      },
      {
        data: { values: framed ? [framed] : [] },
        mark: { type: 'rect', filled: false, stroke: MARK, strokeWidth: 2.5 },
        encoding,
      },
    ],
  };
}

/** Values at which the colour scale is labelled: both ends and even steps between. */
function ticks(low: number, high: number, scale: 'log' | 'linear'): number[] {
  const at = (share: number): number => (scale === 'log' ? low * (high / low) ** share : low + share * (high - low));
  return [0, 0.25, 0.5, 0.75, 1].map(at);
}

const format = (score: number): string => (score >= 100 ? score.toFixed(0) : score.toPrecision(3));

function labels(results: readonly SweepResult[], axis: HeatAxis): string[] {
  const orders = new Map<string, number>();
  for (const { point } of results) {
    const value = axis.of(point);
    if (value) orders.set(value.label, value.order);
  }
  return [...orders].sort(([, a], [, b]) => a - b).map(([label]) => label);
}
