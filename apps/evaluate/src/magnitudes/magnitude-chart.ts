import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { ACCENT, MARK } from '@edm2/app-kit/pictures/theme';
import type { TopLevelSpec } from 'vega-lite';
import { shade } from './shade.js';

/** A point of a curve. */
export interface MagnitudePoint {
  readonly nimg: number;
  readonly of: 'activations' | 'weights';
  readonly over: 'max' | 'mean';
  readonly bucket: string;
  readonly value: number;
}

/** Every curve as points, encoder before decoder, high resolutions first. */
export const magnitudePoints = (lines: readonly MagnitudeLine[]): MagnitudePoint[] =>
  lines.flatMap((line) =>
    (['activations', 'weights'] as const).flatMap((of) =>
      Object.entries(line[of]).flatMap(([bucket, found]) =>
        (['max', 'mean'] as const).map((over) => ({ nimg: line.nimg, of, over, bucket, value: found[over] })),
      ),
    ),
  );

/** `enc 64`, `enc 32`, … `dec 64`: from warm to cool, dark where resolution is low. */
function bucketsOf(points: readonly MagnitudePoint[]): { domain: string[]; range: string[] } {
  const size = (bucket: string): number => Number(bucket.split(' ')[1]);
  const names = [...new Set(points.map(({ bucket }) => bucket))];
  const side = (which: string) => names.filter((name) => name.startsWith(which)).sort((a, b) => size(b) - size(a));
  const [enc, dec] = [side('enc'), side('dec')];
  return {
    domain: [...enc, ...dec],
    range: [...enc.map((_, i) => shade(MARK, i, enc.length)), ...dec.map((_, i) => shade(ACCENT, i, dec.length))],
  };
}

/** Room for labels: plots below each other start at one left edge. */
const LABELS = { minExtent: 32 } as const;

/**
 * Magnitudes during training, a curve for each half and resolution: activations and weights in rows, the largest and the mean over
 * features in columns, as the paper's Figures 3 and 15.
 */
export function magnitudeChart(lines: readonly MagnitudeLine[]): TopLevelSpec {
  const points = magnitudePoints(lines);
  const { domain, range } = bucketsOf(points);
  const panel = (of: MagnitudePoint['of'], over: MagnitudePoint['over']) =>
    ({
      width: 300,
      height: 190,
      title: {
        text: `${of === 'activations' ? 'Activations' : 'Weights'}, ${over === 'max' ? 'largest' : 'mean'} feature`,
      },
      data: { values: points.filter((point) => point.of === of && point.over === over) },
      mark: { type: 'line', strokeWidth: 1.8 },
      encoding: {
        x: {
          field: 'nimg',
          type: 'quantitative',
          title: 'images seen',
          axis: { format: '~s' },
          scale: { nice: false },
        },
        // From zero: a curve that stays is to look like one.
        y: { field: 'value', type: 'quantitative', title: 'root mean square', scale: { zero: true }, axis: LABELS },
        color: {
          field: 'bucket',
          type: 'nominal',
          title: null,
          scale: { domain, range },
          legend: { orient: 'right', symbolType: 'stroke', symbolStrokeWidth: 3 },
        },
      },
    }) as const;
  return {
    spacing: 30,
    vconcat: (['activations', 'weights'] as const).map((of) => ({
      spacing: 40,
      hconcat: (['max', 'mean'] as const).map((over) => panel(of, over)),
    })),
  };
}
