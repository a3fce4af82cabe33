import { ACCENT, FAINT, MARK, PAPER } from '@edm2/app-kit/pictures/theme';
import type { TopLevelSpec } from 'vega-lite';
import type { EmaPoint } from './types.js';

type Row = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number];

/** One metric over the averaging length. */
interface Panel {
  readonly field: 'frechet' | 'labelAgreement';
  readonly title: string;
  readonly better: 'lower' | 'higher';
  readonly format: string;
}

const PANELS: readonly Panel[] = [
  { field: 'frechet', title: 'Fréchet distance, lower is better', better: 'lower', format: ',~f' },
  { field: 'labelAgreement', title: 'label agreement, higher is better', better: 'higher', format: '~%' },
];

/**
 * Scores against the averaging length, a panel for each metric that all points have: dots filled where the length was
 * tracked in training, hollow where it was reconstructed; the best one ringed and named.
 *
 * @returns undefined when there is no such metric, or less than two points.
 */
export function emaCurve(points: readonly EmaPoint[]): TopLevelSpec | undefined {
  const panels = PANELS.filter(({ field }) => points.every((point) => Number.isFinite(point[field])));
  if (panels.length === 0 || points.length < 2) return undefined;
  return {
    title: { text: 'Averaging length', subtitle: '● tracked in training,  ○ reconstructed afterwards' },
    spacing: 26,
    vconcat: panels.map((panel, i) => draw(points, panel, i === panels.length - 1, panels.length === 1 ? 190 : 184)),
  };
}

function draw(
  points: readonly EmaPoint[],
  { field, title, better, format }: Panel,
  last: boolean,
  height: number,
): Row {
  const values = [...points].sort((a, b) => a.sigmaRel - b.sigmaRel);
  const sign = better === 'lower' ? 1 : -1;
  const best = [...values].sort((a, b) => sign * ((a[field] ?? 0) - (b[field] ?? 0))).slice(0, 1);
  const x = {
    field: 'sigmaRel',
    type: 'quantitative',
    title: last ? 'EMA length σ_rel' : null,
    scale: { zero: false, padding: 14 },
    axis: { format: '~f', labels: last },
  } as const;
  const y = {
    field,
    type: 'quantitative',
    title,
    scale: { zero: false, padding: 12 },
    axis: { format, tickCount: 4 },
  } as const;
  const dot = { type: 'point', filled: true, size: 52, opacity: 1, strokeWidth: 1.8, stroke: ACCENT } as const;
  return {
    width: 440,
    height,
    layer: [
      { data: { values }, mark: { type: 'line', color: FAINT, strokeWidth: 1.8 }, encoding: { x, y } },
      { data: { values: values.filter((p) => p.tracked) }, mark: { ...dot, fill: ACCENT }, encoding: { x, y } },
      { data: { values: values.filter((p) => !p.tracked) }, mark: { ...dot, fill: PAPER }, encoding: { x, y } },
      {
        data: { values: best },
        mark: { type: 'point', filled: false, size: 190, opacity: 1, strokeWidth: 1.8, stroke: MARK },
        encoding: { x, y },
      },
      {
        data: { values: best },
        mark: { type: 'text', dy: better === 'lower' ? -16 : 18, color: MARK, fontWeight: 600 },
        encoding: { x, y, text: { field: 'sigmaRel', format: '.3~f' } },
      },
    ],
  };
}
