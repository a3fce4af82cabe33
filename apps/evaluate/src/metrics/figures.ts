import { FIGURES, type FigureKey } from '@edm2/app-scoring/scores/figure-kinds';
import type { Measurement } from '@edm2/app-scoring/scores/measure';
import { formatSpread } from '@edm2/app-scoring/scores/spread';
import {
  type Figure as FigureOfDraws,
  figuresOf as figuresOfMetrics,
  figuresOverDraws,
  type MetricKey,
} from '@edm2/fid';
import type { FeatureNetwork } from 'edm2/parts';

/** A figure over several draws of n images each. */
export interface Figure extends FigureOfDraws<FigureKey> {
  /** The same as `value`. */
  readonly mean: number;
  /** Images of each draw. */
  readonly n: number;
  readonly draws: number;
}

/** What the draws say together. Label agreement comes last, where images were classified. */
export function figuresOf(
  network: Pick<FeatureNetwork, 'name' | 'figure' | 'dims'>,
  metrics: readonly MetricKey[],
  draws: readonly Measurement[],
): Figure[] {
  const keys: FigureKey[] = [...figuresOfMetrics(metrics), 'agreement'];
  const kinds = Object.fromEntries(keys.map((key) => [key, FIGURES[key]]));
  const { n = 0 } = draws[0] ?? {};
  return figuresOverDraws<FigureKey>(
    kinds,
    network,
    draws.map(({ figures }) => figures),
  ).map((figure) => ({ ...figure, mean: figure.value, n, draws: draws.length }));
}

/** `FID  2.71 ± 0.08   n = 5000, 3 draws (mean ± standard deviation)` */
export function formatFigure({ name, value, std = Number.NaN, n, draws, over, of }: Figure): string {
  const one = of === undefined ? 'one draw' : `one draw (± over ${of})`;
  const how = over === 'draws' ? `${draws} draws (mean ± standard deviation)` : one;
  return `${name}  ${formatSpread({ mean: value, std, draws })}   n = ${n}, ${how}`;
}
