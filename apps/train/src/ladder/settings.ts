import type { Dataset } from '@edm2/dataset';
import { type ConfigName, resolveConfig } from '@edm2/edm2-unet';
import { LADDER_IMAGES, trainingLadder } from '@edm2/training';
import type { RunConfig } from '../options/run-config.js';

/** Rungs in the paper's order. */
export const LETTERS: readonly ConfigName[] = ['A', 'B', 'C', 'D', 'E', 'F', 'G'];

/** What a ladder computes. */
export interface LadderSettings {
  readonly configs: readonly ConfigName[];
  /** Images that each config is trained on. */
  readonly images: number;
  /** Channels at 16×16; twice as many at 8×8. */
  readonly channels: number;
  readonly seed: number;
  /** Trainings of each config, with the seeds `seed`, `seed + 1` …: scores of one training do not tell how another would score. */
  readonly trainings: number;
  /** What the learning rates of the paper's Table 1 are multiplied by: a short run wants longer steps. See docs/ladder.md for the search. */
  readonly rateFactors: Readonly<Record<ConfigName, number>>;
  /** Steps of the classifier that scores. */
  readonly classifierSteps: number;
  /** EMA lengths that are tried. */
  readonly sigmaRels: readonly number[];
  /** Images for each length that is tried. */
  readonly sweepImages: number;
  /** Images of one final draw, and how many draws from each training. */
  readonly finalImages: number;
  readonly draws: number;
  /** Steps of Heun's sampler. */
  readonly samplerSteps: number;
}

/** The full size: some hours on two cores. */
export const FULL: LadderSettings = {
  configs: LETTERS,
  images: 64 * 1024,
  channels: 32,
  seed: 0,
  trainings: 2,
  rateFactors: { A: 15, B: 10, C: 10, D: 10, E: 5, F: 3, G: 5 },
  classifierSteps: 900,
  sigmaRels: [0.035, 0.05, 0.075, 0.1, 0.13, 0.17, 0.225],
  sweepImages: 300,
  finalImages: 1000,
  draws: 1,
  samplerSteps: 12,
};

/** A ladder of a minute, to see that everything works. */
export const SMOKE: LadderSettings = {
  ...FULL,
  images: 1024,
  trainings: 1,
  channels: 8,
  classifierSteps: 20,
  sigmaRels: [0.05, 0.1],
  sweepImages: 100,
  finalImages: 100,
  draws: 2,
  samplerSteps: 2,
};

/** Batch of B to G; the paper's 2048. A's is twice as large, as in the paper. */
const BATCH = 32;
/** Steps between status ticks, at least, if that leaves eight of them. */
const MIN_TICK_STEPS = 32;
/** Share of the training over which the rate rises; the paper's half a percent would be ten steps. */
const RAMPUP_SHARE = 0.08;
/** Share after which it decays. The paper's 70,000 steps are 7 % of its length. */
const DECAY_SHARE = 0.2;
/** Of ln σ in B to G, on pixels: the mnist preset's. The paper's −0.4 and 1.0 are for latents. */
const PIXEL_SIGMAS = { pMean: -0.8, pStd: 1.4 };

/**
 * The run of one config: its constants from the ladder's table, scaled for a short run on small images. See docs/ladder.md.
 *
 * @param training - 0 is the first of `settings.trainings`.
 */
export function ladderRun(letter: ConfigName, settings: LadderSettings, dataset: Dataset, training = 0): RunConfig {
  const recipe = trainingLadder[letter];
  const { images, channels } = settings;
  const batch = (BATCH * recipe.batch) / trainingLadder.G.batch;
  const {
    config: _,
    dropout,
    ...shape
  } = resolveConfig({
    config: letter,
    imgResolution: dataset.resolution,
    imgChannels: dataset.channels,
    labelDim: dataset.labelDim,
    modelChannels: channels,
    channelMult: [1, 2],
    numBlocks: 1,
    // A attends one level higher than the rest, as in the paper.
    attnResolutions: letter === 'A' ? [dataset.resolution, dataset.resolution / 2] : [dataset.resolution / 2],
    dropout: recipe.dropout,
  });
  // Whole steps of A's batch too: all configs see the same images.
  const duration = Math.ceil(images / (2 * BATCH)) * 2 * BATCH;
  const every = (share: number): number => Math.max(1000, Math.ceil(images / share / batch) * batch);
  return {
    format: 'edm2-run-1',
    preset: 'ladder',
    config: letter,
    data: 'mnist',
    dataFingerprint: dataset.fingerprint,
    seed: settings.seed + training,
    duration,
    batch,
    batchGpu: batch,
    // At most every 32 steps, but for the shortest runs: recording magnitudes takes up to half a step.
    status: Math.ceil(Math.max(images / 64, Math.min(MIN_TICK_STEPS * batch, images / 8)) / batch) * batch,
    snapshot: every(16),
    checkpoint: every(8),
    preview: every(4),
    lr: recipe.learningRate * settings.rateFactors[letter],
    decay: recipe.decayBatches > 0 ? Math.round((DECAY_SHARE * images) / batch) : 0,
    rampupMimg: (RAMPUP_SHARE * images) / 1e6,
    dropout,
    ...(recipe.uncertainty ? PIXEL_SIGMAS : { pMean: recipe.pMean, pStd: recipe.pStd }),
    sigmaData: 0.5,
    beta2: recipe.beta2,
    lossScale: recipe.lossScale,
    uncertainty: recipe.uncertainty,
    emaHalfLife: Math.round(((recipe.emaHalfLife ?? 0) / LADDER_IMAGES) * images),
    emaRampup: 0,
    emaSigmaRels: [0.05, 0.1],
    network: { ...shape, channelMult: [...shape.channelMult], attnResolutions: [...shape.attnResolutions] },
  };
}
