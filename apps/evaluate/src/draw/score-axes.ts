import type { ScoreKind } from '@edm2/app-scoring/sweep/result';

/** EMA lengths across. */
export const lengthAxis = (title: string) =>
  ({
    field: 'sigmaRel',
    type: 'quantitative',
    title,
    scale: { zero: false, padding: 16 },
    axis: { format: '~f' },
  }) as const;

/**
 * Scores upwards: logarithmic where they spread over an order of magnitude, for the neighbourhood of the best would be a flat line.
 *
 * @param means - what will be drawn.
 * @param padding - pixels to leave free above and below.
 * @returns the channel that reads a field.
 */
export function scoreAxis(means: readonly number[], { better, title }: ScoreKind, padding: number) {
  const lowest = Math.min(...means);
  const log = better === 'lower' && lowest > 0 && Math.max(...means) > 8 * lowest;
  return (field: string) =>
    ({
      field,
      type: 'quantitative',
      title: `${title}, ${better} is better`,
      scale: log ? ({ type: 'log', nice: false, padding } as const) : { zero: false, padding },
      axis: log ? { format: '~g', tickCount: 5 } : {},
    }) as const;
}
