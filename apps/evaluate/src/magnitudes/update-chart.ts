import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { ACCENT, FAINT } from '@edm2/app-kit/pictures/theme';
import type { TopLevelSpec } from 'vega-lite';

/** How far a step moves each weight relative to its size: a thin line each, their median over them. Undefined where none was recorded. */
export function updateChart(lines: readonly MagnitudeLine[]): TopLevelSpec | undefined {
  const values = lines.flatMap(({ nimg, updates = {} }) =>
    Object.entries(updates).flatMap(([name, update]) => (update && update > 0 ? [{ nimg, name, update }] : [])),
  );
  if (values.length === 0) return undefined;
  const medians = lines.flatMap(({ nimg }) => {
    const sorted = values
      .filter((v) => v.nimg === nimg)
      .map(({ update }) => update)
      .sort((a, b) => a - b);
    const update = sorted[sorted.length >> 1];
    return update === undefined ? [] : [{ nimg, update }];
  });
  const encoding = {
    x: { field: 'nimg', type: 'quantitative', title: 'images seen', axis: { format: '~s' }, scale: { nice: false } },
    y: {
      field: 'update',
      type: 'quantitative',
      title: '‖Δw‖ / ‖w‖ of a step',
      scale: { type: 'log', nice: false, padding: 10 },
      axis: { format: '~g', tickCount: 5 },
    },
  } as const;
  return {
    width: 500,
    height: 240,
    title: { text: 'Relative size of updates', subtitle: 'a line for each weight, and the median' },
    layer: [
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 0.7, color: FAINT },
        encoding: { ...encoding, detail: { field: 'name' } },
      },
      { data: { values: medians }, mark: { type: 'line', strokeWidth: 2.4, color: ACCENT }, encoding },
    ],
  };
}
