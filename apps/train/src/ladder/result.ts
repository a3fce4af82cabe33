import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { type Spread, spreadOf } from '@edm2/app-kit/scores/spread';
import { type ConfigName, countFlops, countParameters, createUNet } from '@edm2/edm2-unet';
import { trainingLadder } from '@edm2/training';
import type { RunConfig } from '../options/run-config.js';
import type { ScoredDraw } from './scores.js';

/** One rung, as the table has it. */
export interface Rung {
  readonly config: ConfigName;
  /** Fréchet distance on the classifier's features: of A with its traditional average, of the others at their best length. */
  readonly frechet: Spread;
  /** Of the power-function average at the best length. */
  readonly frechetPower: Spread;
  readonly labelAgreement: Spread;
  readonly n: number;
  /** The best power-function length among those tried. */
  readonly bestSigmaRel: number;
  /** Every length tried, on the seeds of the search. */
  readonly curve: readonly { readonly sigmaRel: number; readonly frechet: number }[];
  readonly parameters: number;
  /** Gflops of a forward pass of this network. */
  readonly gflops: number;
  /** Of the same config at the paper's size S on ImageNet-512 latents. */
  readonly paper: {
    readonly fid: number;
    readonly sigmaRel: number;
    readonly mparams: number;
    readonly gflops: number;
  };
  /** Largest and mean magnitude over all buckets, at the first and the last tick. */
  readonly magnitudes:
    | Readonly<Record<'activations' | 'weights', { readonly first: Pair; readonly last: Pair }>>
    | undefined;
  readonly finalLoss: number | undefined;
  readonly trainingSeconds: number | undefined;
}

/** Over all buckets. */
export interface Pair {
  readonly max: number;
  readonly mean: number;
}

/** What is known of a config when all its work is done. */
export interface RungInput {
  readonly config: RunConfig;
  readonly best: number;
  readonly draws: readonly ScoredDraw[];
  readonly magnitudes: readonly MagnitudeLine[];
  readonly finalLoss: number | undefined;
  readonly trainingSeconds: number | undefined;
}

export function rungOf({ config, best, draws, magnitudes, finalLoss, trainingSeconds }: RungInput): Rung {
  const letter = config.config;
  const finals = (average: number | 'halflife') => draws.filter((d) => d.use === 'final' && d.average === average);
  const own = config.emaHalfLife > 0 ? finals('halflife') : finals(best);
  const unet = createUNet({ config: letter, ...config.network });
  const paperNet = createUNet({ config: letter, imgResolution: 64, imgChannels: 4, labelDim: 1000 });
  const { paperFid, paperSigmaRel } = trainingLadder[letter];
  const [first, last] = [magnitudes[0], magnitudes.at(-1)];
  const pair = (line: MagnitudeLine, of: 'activations' | 'weights'): Pair => {
    const buckets = Object.values(line[of]);
    return {
      max: Math.max(...buckets.map(({ max }) => max)),
      mean: buckets.reduce((sum, { mean }) => sum + mean, 0) / buckets.length,
    };
  };
  return {
    config: letter,
    frechet: spreadOf(own.map(({ frechet }) => frechet)),
    frechetPower: spreadOf(finals(best).map(({ frechet }) => frechet)),
    labelAgreement: spreadOf(own.map(({ labelAgreement }) => labelAgreement)),
    n: own[0]?.n ?? 0,
    bestSigmaRel: best,
    curve: draws.flatMap(({ use, average, frechet }) =>
      use === 'sweep' && average !== 'halflife' ? [{ sigmaRel: average, frechet }] : [],
    ),
    parameters: countParameters(unet),
    gflops: countFlops(unet).total / 1e9,
    paper: {
      fid: paperFid,
      sigmaRel: paperSigmaRel,
      mparams: countParameters(paperNet) / 1e6,
      gflops: countFlops(paperNet).total / 1e9,
    },
    magnitudes:
      first && last
        ? {
            activations: { first: pair(first, 'activations'), last: pair(last, 'activations') },
            weights: { first: pair(first, 'weights'), last: pair(last, 'weights') },
          }
        : undefined,
    finalLoss,
    trainingSeconds,
  };
}
