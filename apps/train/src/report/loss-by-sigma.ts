import { ACCENT, MARK } from '@edm2/app-kit/pictures/theme';
import type { TopLevelSpec } from 'vega-lite';
import type { SigmaLoss } from './types.js';

/** Mean loss over noise levels; dashed what the uncertainty head believes, where it is known. */
export function lossBySigma(points: readonly SigmaLoss[]): TopLevelSpec {
  const values = points.filter(({ sigma, loss }) => sigma > 0 && Number.isFinite(loss));
  const predicted = values.filter((point) => point.predicted !== undefined);
  const x = {
    field: 'sigma',
    type: 'quantitative',
    title: 'noise level σ',
    scale: { type: 'log', nice: false },
    axis: { format: '~g', tickCount: 6 },
  } as const;
  const y = (field: string) => ({ field, type: 'quantitative', title: null }) as const;
  return {
    width: 440,
    height: 190,
    title: {
      text: 'Loss by noise level',
      subtitle: predicted.length
        ? 'measured; dashed: as the network predicts it'
        : 'measured, before the learned weighting',
    },
    layer: [
      {
        data: { values },
        mark: { type: 'line', color: ACCENT, point: { color: ACCENT, size: 26 } },
        encoding: { x, y: y('loss') },
      },
      {
        data: { values: predicted },
        mark: { type: 'line', color: MARK, strokeWidth: 1.6, strokeDash: [5, 4] },
        encoding: { x, y: y('predicted') },
      },
    ],
  };
}
