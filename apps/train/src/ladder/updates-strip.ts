import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { INK } from '@edm2/app-kit/pictures/theme';
import type { TopLevelSpec } from 'vega-lite';
import { configColour } from './colours.js';
import type { Rung } from './result.js';

type Part = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number];

/** ‖Δw‖/‖w‖ of a step over all weights: the median, and the range that nine in ten of them lie in. */
export interface UpdateRange {
  readonly nimg: number;
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** One range for each tick that recorded updates; a weight that did not move, or was zero, is left out. */
export const updateRanges = (lines: readonly MagnitudeLine[]): UpdateRange[] =>
  lines.flatMap(({ nimg, updates = {} }) => {
    const sorted = Object.values(updates)
      .filter((update): update is number => update !== null && update > 0)
      .sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] as number;
    return sorted.length === 0 ? [] : [{ nimg, low: at(0.05), median: at(0.5), high: at(0.95) }];
  });

/** A small chart for each config on one scale of updates, side by side; none where no updates were recorded. */
export function updatesStrip(
  rungs: readonly Rung[],
  magnitudes: ReadonlyMap<string, readonly MagnitudeLine[]>,
  width: number,
): Part[] {
  const values = rungs.flatMap(({ config }) =>
    updateRanges(magnitudes.get(config) ?? []).map((range) => ({ config, ...range })),
  );
  if (values.length === 0) return [];
  const spacing = 12;
  const x = {
    field: 'nimg',
    type: 'quantitative',
    title: null,
    axis: { format: '~s', tickCount: 1, grid: false },
    scale: { nice: false },
  } as const;
  const color = { ...configColour(rungs), legend: null };
  const domain = [Math.min(...values.map(({ low }) => low)), Math.max(...values.map(({ high }) => high))];
  const panel = (config: string, first: boolean) => {
    const y = {
      type: 'quantitative',
      scale: {
        type: 'log',
        domain,
        nice: false,
      },
      title: null,
      axis: { format: '~g', tickCount: 4, labels: first, minExtent: first ? 36 : 0 },
    } as const;
    return {
      width: (width - spacing * (rungs.length - 1)) / rungs.length,
      height: 195,
      title: { text: config, anchor: 'middle', fontSize: 12, color: INK, offset: 4 },
      data: { values: values.filter((value) => value.config === config) },
      layer: [
        {
          mark: { type: 'area', opacity: 0.3 },
          encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
        },
        { mark: { type: 'line', strokeWidth: 1.8 }, encoding: { x, y: { ...y, field: 'median' }, color } },
      ],
    } as Part;
  };
  return [
    {
      title: {
        text: 'Relative size of updates',
        subtitle: '‖Δw‖ / ‖w‖ of a step: the median weight, and nine in ten of them; images seen',
        anchor: 'start',
        offset: 10,
      },
      spacing,
      hconcat: rungs.map(({ config }, i) => panel(config, i === 0)),
    } as Part,
  ];
}
