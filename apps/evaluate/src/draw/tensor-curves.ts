import { ACCENT, INK, MARK, MUTED } from '@edm2/app-kit/pictures/theme';
import { formatSpread } from '@edm2/app-scoring/scores/spread';
import type { ScoreKind } from '@edm2/app-scoring/sweep/result';
import { bestOfCurve, type PerTensorResult, type TensorCurve } from '@edm2/app-scoring/sweep/run-per-tensor';
import type { TopLevelSpec } from 'vega-lite';
import { lengthAxis, scoreAxis } from './score-axes.js';

/** Apart in hue and lightness; with more curves they come again, with other shapes. */
const COLOURS = [ACCENT, MARK, '#0b7d69', '#8a3fb5', '#a07800', '#c2336b', '#4d6b1f'] as const;
const SHAPES = ['square', 'triangle-up', 'diamond', 'cross', 'triangle-down'] as const;

const of = <T>(values: readonly T[], i: number): T => values[i % values.length] as T;

/** `*.emb_*, best at 0.05: 6.81` */
function nameOf(curve: TensorCurve, kind: ScoreKind): string {
  const best = bestOfCurve(curve, kind);
  const at = best ? `, best at ${best.sigmaRel}: ${formatSpread(best.result.score)}` : '';
  return `${curve.pattern ?? 'all tensors'}${at}`;
}

/**
 * Score over the EMA length of some tensors, a curve for each group, and that of all tensors, dashed. A line stands at the length of
 * all others, where the curves meet; the best point of each is ringed. Bars reach one standard deviation where there are several draws.
 *
 * @see Karras et al. 2024, Figure 5b.
 */
export function tensorCurves({ curves, others }: PerTensorResult, kind: ScoreKind): TopLevelSpec {
  const names = curves.map((curve) => nameOf(curve, kind));
  const values = curves.flatMap(({ points }, i) =>
    points.map(({ sigmaRel, result: { score } }) => ({
      curve: names[i],
      sigmaRel,
      mean: score.mean,
      ...(Number.isNaN(score.std) ? {} : { low: score.mean - score.std, high: score.mean + score.std }),
    })),
  );
  const rings = curves.flatMap((curve, i) => {
    const best = bestOfCurve(curve, kind);
    return best ? [{ curve: names[i], sigmaRel: best.sigmaRel, mean: best.result.score.mean }] : [];
  });
  const x = lengthAxis('EMA length σ_rel of the tensors named');
  const y = scoreAxis(
    values.map(({ mean }) => mean),
    kind,
    18,
  );
  const legend = {
    orient: 'bottom',
    direction: 'vertical',
    columns: 1,
    labelColor: INK,
    labelLimit: 900,
    symbolSize: 70,
  } as const;
  const color = {
    field: 'curve',
    type: 'nominal',
    sort: names,
    title: null,
    scale: { domain: names, range: names.map((_, i) => (i === 0 ? INK : of(COLOURS, i - 1))) },
    legend,
  } as const;
  const shape = {
    ...color,
    scale: { domain: names, range: names.map((_, i) => (i === 0 ? 'circle' : of(SHAPES, i - 1))) },
  } as const;
  const [first, ...rest] = names;
  const line = (some: readonly (string | undefined)[], strokeDash: number[]) => ({
    data: { values: values.filter(({ curve }) => some.includes(curve)) },
    mark: { type: 'line' as const, strokeWidth: 1.8, strokeDash },
    encoding: { x, y: y('mean'), color },
  });
  return {
    title: {
      text: 'Score by the EMA length of some tensors',
      subtitle: [
        `all others at σ_rel ${others}, where the curves meet`,
        'dashed: all tensors alike; ringed: the best of each',
      ],
    },
    width: 500,
    height: 300,
    layer: [
      {
        data: { values: [{ sigmaRel: others }] },
        mark: { type: 'rule', color: MUTED, strokeWidth: 1, opacity: 0.6 },
        encoding: { x },
      },
      line([first], [5, 4]),
      line(rest, [1, 0]),
      {
        data: { values: values.filter((value) => 'low' in value) },
        mark: { type: 'rule', strokeWidth: 1.4, opacity: 0.7 },
        encoding: { x, y: y('low'), y2: { field: 'high' }, color },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 44, opacity: 1 },
        encoding: { x, y: y('mean'), color, shape },
      },
      {
        data: { values: rings },
        mark: { type: 'point', filled: false, shape: 'circle', size: 190, opacity: 1, strokeWidth: 1.8 },
        encoding: { x, y: y('mean'), color },
      },
    ],
  };
}
