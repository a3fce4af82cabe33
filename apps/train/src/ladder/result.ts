import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { type Spread, spreadOf } from '@edm2/app-scoring/scores/spread';
import { type ConfigName, countFlops, countParameters, createUNet } from '@edm2/edm2-unet';
import { type PaperFigures, trainingLadder } from '@edm2/training';
import type { RunConfig } from '../options/run-config.js';
import type { LogLine } from '../run/log.js';
import { type AverageKey, traditionalAverages } from '../run/run-averages.js';
import type { ScoredDraw } from './scores.js';

/** What one training of a config came to. */
export interface TrainingResult {
  readonly seed: number;
  /** Mean over its draws: of A with its traditional average, of the others at the rung's best length. */
  readonly frechet: number;
  /** Of the power-function average. */
  readonly frechetPower: number;
  readonly labelAgreement: number;
  /** Training loss over the last sixteenth of the images. */
  readonly finalLoss: number;
  readonly seconds: number | undefined;
}

/** Score of one EMA length. */
export interface CurvePoint {
  readonly sigmaRel: number;
  readonly frechet: number;
  /** Relative error of the reconstructed averages' profile. */
  readonly profileError: number;
}

/** One rung, as the table has it. Spreads are over trainings, or over the draws of the only one. */
export interface Rung {
  readonly config: ConfigName;
  /** Fréchet distance on the classifier's features: of A with its traditional average, of the others at their best length. */
  readonly frechet: Spread;
  /** Of the power-function average at the best length. */
  readonly frechetPower: Spread;
  readonly labelAgreement: Spread;
  readonly finalLoss: Spread;
  readonly trainings: readonly TrainingResult[];
  /** Images of a draw. */
  readonly n: number;
  /** The best power-function length among those tried, by the mean over trainings. */
  readonly bestSigmaRel: number;
  /** Every length tried, on the seeds of the search: mean over trainings. */
  readonly curve: readonly CurvePoint[];
  readonly parameters: number;
  /** Gflops of a forward pass of this network. */
  readonly gflops: number;
  /** Figures of the paper's Table 1; none of a config that is not the paper's. */
  readonly paper?: PaperFigures | undefined;
  /** Largest and mean magnitude over all buckets, at the first and the last tick. */
  readonly magnitudes:
    | Readonly<Record<'activations' | 'weights', { readonly first: Pair; readonly last: Pair }>>
    | undefined;
}

/** Over all buckets. */
export interface Pair {
  readonly max: number;
  readonly mean: number;
}

/** What is known of one training of a config when all its work is done. */
export interface FinishedTraining {
  readonly config: RunConfig;
  readonly sweep: readonly ScoredDraw[];
  readonly final: readonly ScoredDraw[];
  readonly log: readonly LogLine[];
}

/** Scores of the lengths tried: mean over trainings. */
export function meanCurve(sweeps: readonly (readonly ScoredDraw[])[]): CurvePoint[] {
  const [first = []] = sweeps;
  return first.flatMap(({ average }) => {
    if (typeof average !== 'number') return [];
    const scores = sweeps.flatMap((draws) => draws.filter((draw) => draw.average === average));
    return [
      {
        sigmaRel: average,
        frechet: mean(scores.map(({ frechet }) => frechet)),
        profileError: Math.max(...scores.map(({ profileError = 0 }) => profileError)),
      },
    ];
  });
}

export function bestOf(curve: Rung['curve']): number {
  return curve.reduce((a, b) => (b.frechet < a.frechet ? b : a)).sigmaRel;
}

/** @param magnitudes - of the first training. */
export function rungOf(trainings: readonly FinishedTraining[], magnitudes: readonly MagnitudeLine[]): Rung {
  const { config } = trainings[0] as FinishedTraining;
  const letter = config.config;
  const curve = meanCurve(trainings.map(({ sweep }) => sweep));
  const best = bestOf(curve);
  const finals = trainings.map(({ final }) => {
    const of = (average: AverageKey) => final.filter((draw) => draw.average === average);
    const [traditional] = traditionalAverages(config);
    return { power: of(best), own: of(traditional?.key ?? best) };
  });
  const spread = (kind: 'own' | 'power', figure: 'frechet' | 'labelAgreement'): Spread => {
    const values = finals.map((draws) => draws[kind].map((draw) => draw[figure]));
    return spreadOf(values.length > 1 ? values.map(mean) : (values[0] ?? []));
  };
  const results = trainings.map(({ config: { seed, duration }, log }, i): TrainingResult => {
    const { own = [], power = [] } = finals[i] ?? {};
    const last = log.filter(({ nimg }) => nimg > duration * (1 - 1 / 16));
    return {
      seed,
      frechet: mean(own.map(({ frechet }) => frechet)),
      frechetPower: mean(power.map(({ frechet }) => frechet)),
      labelAgreement: mean(own.map(({ labelAgreement }) => labelAgreement)),
      finalLoss: mean(last.map(({ loss }) => loss)),
      seconds: log.length > 0 ? secondsOf(log) : undefined,
    };
  });
  const unet = createUNet({ config: letter, ...config.network });
  return {
    config: letter,
    frechet: spread('own', 'frechet'),
    frechetPower: spread('power', 'frechet'),
    labelAgreement: spread('own', 'labelAgreement'),
    finalLoss: spreadOf(results.map(({ finalLoss }) => finalLoss)),
    trainings: results,
    n: finals[0]?.own[0]?.n ?? 0,
    bestSigmaRel: best,
    curve,
    parameters: countParameters(unet),
    gflops: countFlops(unet).total / 1e9,
    paper: trainingLadder[letter].paper,
    magnitudes: magnitudeChange(magnitudes),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Time spent training, interruptions left out. */
const secondsOf = (log: readonly LogLine[]): number =>
  log.reduce((sum, { nimg, imagesPerSecond }, at) => sum + (nimg - (log[at - 1]?.nimg ?? 0)) / imagesPerSecond, 0);

/** Mean over all buckets at one tick. */
export const meanMagnitude = (line: MagnitudeLine, of: 'activations' | 'weights'): number =>
  mean(Object.values(line[of]).map((bucket) => bucket.mean));

function magnitudeChange(lines: readonly MagnitudeLine[]): Rung['magnitudes'] {
  const [first, last] = [lines[0], lines.at(-1)];
  if (!first || !last) return undefined;
  const pair = (line: MagnitudeLine, of: 'activations' | 'weights'): Pair => {
    const buckets = Object.values(line[of]);
    return { max: Math.max(...buckets.map(({ max }) => max)), mean: meanMagnitude(line, of) };
  };
  const change = (of: 'activations' | 'weights') => ({ first: pair(first, of), last: pair(last, of) });
  return { activations: change('activations'), weights: change('weights') };
}
