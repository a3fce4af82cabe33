import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import type { Score } from '@edm2/app-kit/scores/score';
import { formatSpread, type Spread, spreadOf } from '@edm2/app-kit/scores/spread';

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

/**
 * Why a figure over n images says less than it seems, if so. A covariance of fewer images than features is singular; the distance
 * falls with n throughout, so that only equal n compare.
 */
export function warnings({ dims, name }: Pick<FeatureNetwork, 'dims' | 'name'>, n: number): string[] {
  if (n <= dims)
    return [
      `n = ${n} is no more than the ${dims} features of ${name}: their covariance is singular and the distance mostly says so. Take more images.`,
    ];
  if (n < 10 * dims)
    return [
      `n = ${n} is below ten images for each of the ${dims} features of ${name}: compare it with figures of the same n only.`,
    ];
  return [];
}
