import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import type { Score } from '@edm2/app-kit/scores/score';
import { formatSpread, type Spread, spreadOf } from '@edm2/app-kit/scores/spread';
import { sampleSizeWarning } from '@edm2/fid';

/** A figure over several draws of n images each. */
export interface Figure extends Spread {
  readonly name: string;
  /** Images of each draw. */
  readonly n: number;
}

/** What the draws say together. Label agreement is left out where nothing was classified. */
export function figuresOf({ figure }: Pick<FeatureNetwork, 'figure'>, scores: readonly Score[]): Figure[] {
  const n = scores[0]?.n ?? 0;
  const agreement = scores.map(({ labelAgreement }) => labelAgreement);
  return [
    { name: figure, n, ...spreadOf(scores.map(({ frechet }) => frechet)) },
    ...(agreement.every(Number.isFinite) ? [{ name: 'label agreement', n, ...spreadOf(agreement) }] : []),
  ];
}

/** `FID  2.71 ± 0.08   n = 5000, 3 draws` */
export const formatFigure = (figure: Figure): string =>
  `${figure.name}  ${formatSpread(figure)}   n = ${figure.n}${figure.draws > 1 ? `, ${figure.draws} draws (mean ± standard deviation)` : ', one draw'}`;

/** Why a figure over n images says less than it seems, if so. */
export function warnings({ dims }: Pick<FeatureNetwork, 'dims'>, n: number): string[] {
  const warning = sampleSizeWarning(n, dims);
  return warning === undefined ? [] : [warning];
}
