import { ACCENT, FAINT, INK, MARK, MUTED, PAPER } from '@edm2/app-kit/pictures/theme';
import type { ScoreKind, SweepResult } from '@edm2/app-scoring/sweep/result';
import type { TopLevelSpec } from 'vega-lite';
import { bestOver } from './best-over.js';
import { lengthAxis, scoreAxis } from './score-axes.js';

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

/** `σ_rel 0.1, w 1.5: 2.28` */
const nameOf = (best: { sigmaRel: number; weight: number; mean: number }, several: boolean): string =>
  `σ_rel ${best.sigmaRel}${several ? `, ${best.weight === 1 ? 'not guided' : `w ${best.weight}`}` : ''}: ${Number(best.mean.toPrecision(4))}`;

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
  const lengths = values.map(({ sigmaRel }) => sigmaRel);
  const isLeft = 2 * best.sigmaRel < Math.min(...lengths) + Math.max(...lengths);
  const x = lengthAxis('EMA length σ_rel');
  // Room for the name of the best point.
  const y = scoreAxis(
    values.map(({ mean }) => mean),
    kind,
    30,
  );
  const color = several
    ? ({
        field: 'weight',
        type: 'ordinal',
        sort: weights,
        title: 'guidance',
        scale: { domain: weights, range: weights.map((_, i) => colourOf(i, weights.length)) },
        legend: {
          orient: 'right',
          labelColor: INK,
          titleColor: MUTED,
          titleFontWeight: 'normal',
          labelExpr: "datum.value === 1 ? 'none' : datum.label",
        },
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
      ...[PAPER, MARK].map((colour) => ({
        data: { values: [{ ...best, label: nameOf(best, several) }] },
        mark: {
          type: 'text' as const,
          // The lowest has nothing below it, the highest nothing above.
          dy: kind.better === 'lower' ? 22 : -20,
          // Away from the nearer edge.
          align: isLeft ? ('left' as const) : ('right' as const),
          dx: isLeft ? -8 : 8,
          color: colour,
          fontWeight: 600 as const,
          // A halo of paper under the text keeps lines from running through it.
          ...(colour === PAPER ? { stroke: PAPER, strokeWidth: 4, strokeJoin: 'round' as const } : {}),
        },
        encoding: { x, y: y('mean'), text: { field: 'label' } },
      })),
    ],
  };
}
