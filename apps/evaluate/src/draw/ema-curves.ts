import { ACCENT, FAINT, MARK, MUTED } from '@edm2/app-kit/pictures/theme';
import type { TopLevelSpec } from 'vega-lite';
import type { ScoreKind, SweepResult } from '../sweep/result.js';
import { bestOver } from './best-over.js';

/** From weak to strong guidance: a scale that reads as an order, and differs in lightness for those who see no colours. */
const SCALE = [FAINT, ACCENT, '#122e70'] as const;

/** The i-th of n colours along the scale. */
function colourOf(i: number, n: number): string {
  const at = (2 * i) / Math.max(1, n - 1);
  const channels = (hex: string) => [1, 3, 5].map((from) => Number.parseInt(hex.slice(from, from + 2), 16));
  const [low, high] = at <= 1 ? [channels(SCALE[0]), channels(SCALE[1])] : [channels(SCALE[1]), channels(SCALE[2])];
  const share = at <= 1 ? at : at - 1;
  return `#${low
    .map((value, c) =>
      Math.round(value + share * ((high[c] ?? 0) - value))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

/**
 * Score over EMA length, a curve for each guidance weight; where guiding lengths or intervals were swept too, the best of them. Bars
 * reach one standard deviation where there are several draws. The best point is ringed and named.
 *
 * @returns undefined when there are fewer than two EMA lengths.
 */
export function emaCurves(results: readonly SweepResult[], kind: ScoreKind): TopLevelSpec | undefined {
  if (new Set(results.map(({ point }) => point.sigmaRel)).size < 2) return undefined;
  const values = bestOver(results, kind, ({ point }) => `${point.sigmaRel}|${point.weight}`)
    .map(({ point, score: { mean, std } }) => ({
      sigmaRel: point.sigmaRel,
      weight: point.weight,
      mean,
      ...(Number.isNaN(std) ? {} : { low: mean - std, high: mean + std }),
    }))
    .sort((a, b) => a.sigmaRel - b.sigmaRel);
  const best = values.reduce((a, b) => ((kind.better === 'lower' ? b.mean < a.mean : b.mean > a.mean) ? b : a));
  const weights = [...new Set(values.map(({ weight }) => weight))].sort((a, b) => a - b);
  const several = weights.length > 1;
  const x = {
    field: 'sigmaRel',
    type: 'quantitative',
    title: 'EMA length σ_rel',
    scale: { zero: false, padding: 16 },
    axis: { format: '~f' },
  } as const;
  const means = values.map(({ mean }) => mean);
  // Where scores spread over an order of magnitude, the neighbourhood of the best would be a flat line.
  const log = kind.better === 'lower' && best.mean > 0 && Math.max(...means) > 8 * best.mean;
  const y = (field: string) =>
    ({
      field,
      type: 'quantitative',
      title: `${kind.title}, ${kind.better} is better`,
      scale: log ? ({ type: 'log', nice: false, padding: 18 } as const) : { zero: false, padding: 14 },
      axis: log ? { format: '~g', tickCount: 5 } : {},
    }) as const;
  const color = several
    ? ({
        field: 'weight',
        type: 'ordinal',
        sort: weights,
        title: 'guidance',
        scale: { domain: weights, range: weights.map((_, i) => colourOf(i, weights.length)) },
        legend: { orient: 'right', labelColor: MUTED, titleColor: MUTED },
      } as const)
    : ({ value: ACCENT } as const);
  return {
    title: {
      text: 'Score by EMA length',
      ...(several ? { subtitle: 'a curve for each guidance weight; the best of whatever else was swept' } : {}),
    },
    width: 440,
    height: 240,
    layer: [
      { data: { values }, mark: { type: 'line', strokeWidth: 1.8 }, encoding: { x, y: y('mean'), color } },
      {
        data: { values: values.filter((value) => 'low' in value) },
        mark: { type: 'rule', strokeWidth: 1.4, opacity: 0.7 },
        encoding: { x, y: y('low'), y2: { field: 'high' }, color },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 44, opacity: 1 },
        encoding: { x, y: y('mean'), color },
      },
      {
        data: { values: [best] },
        mark: { type: 'point', filled: false, size: 200, opacity: 1, strokeWidth: 1.8, stroke: MARK },
        encoding: { x, y: y('mean') },
      },
      {
        data: { values: [{ ...best, label: `${best.sigmaRel}${several ? `, w ${best.weight}` : ''}` }] },
        mark: { type: 'text', dy: -17, color: MARK, fontWeight: 600 },
        encoding: { x, y: y('mean'), text: { field: 'label' } },
      },
    ],
  };
}
