import type { Dataset } from '@edm2/dataset';
import { CONFIG_NAMES, type ConfigName, ladder, presets } from '@edm2/edm2-unet';
import { LADDER_IMAGES, trainingLadder } from '@edm2/training';
import { networkOf } from '../options/network-of.js';
import { EMA_SIGMA_RELS } from '../options/resolve.js';
import type { RunConfig } from '../options/run-config.js';
import { type GivenSettings, resolveSettings } from '../options/settings.js';

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
  /**
   * What the learning rates of the paper's Table 1 are multiplied by: a short run wants longer steps. See docs/ladder.md for the search. A
   * config without one has that of the config before.
   */
  readonly rateFactors: Readonly<Partial<Record<ConfigName, number>>>;
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
  configs: CONFIG_NAMES,
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

/** Batch of most configs; the paper's 2048. A's is twice as large, as in the paper. */
const BATCH = 32;
const PAPER_BATCH = 2048;
/** Whole steps of every config come to this many images: all see the same. */
const COMMON_BATCH = Math.max(...CONFIG_NAMES.map((name) => (BATCH * trainingLadder[name].batch) / PAPER_BATCH));
/** Steps between status ticks, at least, if that leaves eight of them. */
const MIN_TICK_STEPS = 32;
/** Share of the training over which the rate rises; the paper's half a percent would be ten steps. */
const RAMPUP_SHARE = 0.08;
/** Share after which it decays. The paper's 70,000 steps are 7 % of its length. */
const DECAY_SHARE = 0.2;
/** Of ln σ where the loss learns its uncertainty, on pixels: the mnist preset's. The paper's −0.4 and 1.0 are for latents. */
const PIXEL_SIGMAS = { pMean: -0.8, pStd: 1.4 };

/** What a config's learning rate is multiplied by. */
export function rateFactorOf(letter: ConfigName, factors: LadderSettings['rateFactors']): number {
  const upTo = CONFIG_NAMES.slice(0, CONFIG_NAMES.indexOf(letter) + 1);
  return upTo.reduce((last, name) => factors[name] ?? last, 1);
}

/**
 * The run of one config: its constants from the ladder's table, scaled for a short run on small images. See docs/ladder.md.
 *
 * @param training - 0 is the first of `settings.trainings`.
 */
export function ladderRun(letter: ConfigName, settings: LadderSettings, dataset: Dataset, training = 0): RunConfig {
  const recipe = trainingLadder[letter];
  const { images, channels } = settings;
  const batch = (BATCH * recipe.batch) / PAPER_BATCH;
  const unet = { config: letter, modelChannels: channels, channelMult: [1, 2], numBlocks: 1, dropout: recipe.dropout };
  const attnResolutions = attentionOf(letter, dataset.resolution / 2);
  const { network, dropout } = networkOf(unet, { attnResolutions }, dataset, false);
  const duration = Math.ceil(images / COMMON_BATCH) * COMMON_BATCH;
  const given: GivenSettings = {
    seed: settings.seed + training,
    batch,
    duration,
    // At most every 32 steps, but for the shortest runs: recording magnitudes takes up to half a step.
    status: Math.ceil(Math.max(images / 64, Math.min(MIN_TICK_STEPS * batch, images / 8)) / batch) * batch,
    ...intervals(images, batch),
    lr: recipe.referenceRate * rateFactorOf(letter, settings.rateFactors),
    decay: recipe.decayBatches > 0 ? Math.round((DECAY_SHARE * images) / batch) : 0,
    ...(recipe.uncertainty ? PIXEL_SIGMAS : { pMean: recipe.pMean, pStd: recipe.pStd }),
    emaHalfLife: Math.round(((recipe.emaHalfLife ?? 0) / LADDER_IMAGES) * images),
  };
  const rampupMimg = (RAMPUP_SHARE * images) / 1e6;
  return {
    format: 'edm2-run-1',
    preset: 'ladder',
    config: letter,
    data: 'mnist',
    dataFingerprint: dataset.fingerprint,
    ...resolveSettings(given, { preset: presets.mnist, dropout, recipe, own: recipe }),
    rampupMimg,
    sigmaData: 0.5,
    emaSigmaRels: [...EMA_SIGMA_RELS],
    network,
  };
}

/** How often something is written: of the images that are asked for, in whole batches. */
const intervals = (images: number, batch: number) => {
  const every = (share: number): number => Math.max(1000, Math.ceil(images / share / batch) * batch);
  return { snapshot: every(16), checkpoint: every(8), preview: every(4) };
};

/** Attention at as many levels as in the paper, less one: these networks are two levels high. A attends one level higher than the rest. */
const attentionOf = (letter: ConfigName, lowest: number): number[] =>
  ladder[letter].attnResolutions
    .slice(1)
    .map((_, level) => lowest * 2 ** level)
    .reverse();
