import { ACCENT, FAINT } from '@edm2/app-kit/pictures/theme';
import type { TopLevelSpec } from 'vega-lite';
import { smooth, thin } from './smooth.js';
import type { LossPoint } from './types.js';

const MAX_POINTS = 600;

/**
 * Loss over images seen: each tick thin, the moving average over it.
 *
 * @param logX - a logarithmic axis (default): the first minutes get room, and progress late in a run stays visible.
 */
export function lossCurve(points: readonly LossPoint[], { logX = true }: { logX?: boolean } = {}): TopLevelSpec {
  const usable = points.filter(({ nimg, loss }) => Number.isFinite(loss) && (!logX || nimg > 0));
  const raw = thin(usable, MAX_POINTS);
  const average = smooth(raw, Math.ceil(raw.length / 30));
  const x = {
    field: 'nimg',
    type: 'quantitative',
    title: 'images seen',
    scale: { type: logX ? 'log' : 'linear', nice: false, zero: false },
    axis: { format: '~s', tickCount: logX ? 4 : 5 },
  } as const;
  const y = { field: 'loss', type: 'quantitative', title: null, scale: { zero: false } } as const;
  return {
    width: 440,
    height: 190,
    title: { text: 'Training loss', subtitle: 'each status tick, and their moving average' },
    layer: [
      { data: { values: raw }, mark: { type: 'line', color: FAINT, strokeWidth: 1 }, encoding: { x, y } },
      { data: { values: average }, mark: { type: 'line', color: ACCENT }, encoding: { x, y } },
    ],
  };
}
