import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import { formatSpread, type Spread, spreadOf } from '@edm2/app-kit/scores/spread';
import { sampleSizeWarning } from '@edm2/fid';
import type { Measurement, SpreadKind } from './measure.js';
import { FIGURES, type FigureKey, figuresOfMetrics, type MetricName } from './metrics.js';

/** A figure over several draws of n images each. */
export interface Figure extends Spread {
  readonly key: FigureKey;
  readonly name: string;
  readonly better: 'lower' | 'higher';
  /** Images of each draw. */
  readonly n: number;
  /** What the standard deviation is over; absent where there is none. */
  readonly over?: SpreadKind | 'draws';
}

/** What the draws say together. Label agreement comes last, where images were classified. */
export function figuresOf(
  network: Pick<FeatureNetwork, 'name' | 'figure'>,
  metrics: readonly MetricName[],
  draws: readonly Measurement[],
): Figure[] {
  const [first] = draws;
  return [...figuresOfMetrics(metrics), 'agreement' as const].flatMap((key) => {
    const values = draws.map((draw) => draw.values[key] ?? Number.NaN);
    if (!first || !values.every(Number.isFinite)) return [];
    const { title, better } = FIGURES[key];
    const spread = spreadOf(values);
    const own = draws.length === 1 ? first.spreads[key] : undefined;
    const over = draws.length > 1 ? 'draws' : own?.over;
    const std = own?.std ?? spread.std;
    return [{ key, name: title(network), better, n: first.n, ...spread, std, ...(over ? { over } : {}) }];
  });
}

/** `FID  2.71 ± 0.08   n = 5000, 3 draws (mean ± standard deviation)` */
export function formatFigure(figure: Figure): string {
  const { n, draws, over } = figure;
  const how =
    over === undefined
      ? 'one draw'
      : over === 'draws'
        ? `${draws} draws (mean ± standard deviation)`
        : `one draw (± over ${over})`;
  return `${figure.name}  ${formatSpread(figure)}   n = ${n}, ${how}`;
}

/** Images of published figures. */
const PUBLISHED = 50_000;

/** Images of a subset of the published kernel distance. */
const SUBSET = 1000;

/** Below this, precision, recall, density, coverage, Inception and Vendi scores move visibly with n. */
const ENOUGH = 10_000;

/**
 * Why figures over n images say less than they seem, if so.
 *
 * @param reference - real images, where known.
 */
export function warnings(
  { dims }: Pick<FeatureNetwork, 'dims'>,
  metrics: readonly MetricName[],
  n: number,
  reference?: number,
): string[] {
  const smaller = Math.min(n, reference ?? Number.POSITIVE_INFINITY);
  const of = smaller < n ? ' real' : '';
  const found: string[] = [];
  const add = (metric: MetricName, text: string | undefined) => {
    if (metrics.includes(metric) && text !== undefined && !found.includes(text)) found.push(text);
  };
  const distance = sampleSizeWarning(smaller, dims)?.replace(' images', `${of} images`);
  add('fd', distance);
  if (!metrics.includes('fd')) add('sfd', distance);
  if (smaller < SUBSET)
    add('kid', `${smaller}${of} images: KID's subsets take ${SUBSET}, so its ± is wider than in publications.`);
  if (smaller < ENOUGH) {
    const shares = `${smaller}${of} images: precision, recall, density and coverage depend on the number of images; compare equal numbers only. Published ones take ${PUBLISHED}.`;
    add('pr', shares);
    add('dc', shares);
  }
  if (n < ENOUGH) {
    add('is', `${n} images: Inception Scores grow with the number of images; published ones take ${PUBLISHED}.`);
    add('vendi', `${n} images: Vendi scores grow with the number of images; compare equal numbers only.`);
  }
  return found;
}
