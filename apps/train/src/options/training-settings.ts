import { resolve } from 'node:path';
import { EDM_TRANSFORMS, TRANSFORMS } from '@edm2/augment';
import { numeric } from '@edm2/command/readers';
import { LADDER_IMAGES } from '@edm2/training';
import { z } from 'zod';
import { MAX_BATCH } from './limits.js';
import { boolean, count, natural, PRECISIONS, precision, transformNames } from './parsers.js';
import { above0, setting } from './setting.js';

const positive = z.number().int().positive();

/** What is computed: how many images, and how they are learned from. A value is resolved after those above it. */
export const TRAINING_SETTINGS = {
  seed: setting({
    flags: '--seed <n>',
    help: 'random seed (default: 0)',
    read: natural,
    schema: z.number().int(),
    otherwise: () => 0,
  }),
  batch: setting({
    flags: '--batch <n>',
    help: "images per step (default: the preset's)",
    read: count('--batch', MAX_BATCH),
    schema: positive,
    otherwise: ({ preset, recipe, own }) => Math.round((preset.batch * recipe.batch) / own.batch),
    wrong: above0,
  }),
  batchGpu: setting({
    flags: '--batch-gpu <n>',
    help: 'images at once; a step accumulates --batch of them (default: all)',
    read: count('--batch-gpu', MAX_BATCH),
    schema: positive,
    otherwise: (_, { batch }) => batch,
    // Sums in another order round otherwise: a continuation may not change it.
    wrong: (atOnce, { batch }) =>
      atOnce <= batch && batch % atOnce === 0
        ? undefined
        : `expected a divisor of --batch ${batch}, got ${atOnce}. Choose ${batch} or a half of it.`,
  }),
  precision: setting({
    flags: '--precision <type>',
    help: 'what convolutions, products and activations compute in: float32, bfloat16 or float16, on an engine that has it (xla, tensorflow); all else is float32 (default: float32)',
    read: precision,
    schema: z.enum(PRECISIONS).default('float32'),
    otherwise: () => 'float32' as const,
  }),
  duration: setting({
    flags: '--duration <n>',
    help: "images to train on, in whole batches, e.g. 96Ki, 2048Mi (default: the preset's)",
    read: count('--duration'),
    schema: positive,
    otherwise: ({ preset }) => preset.durationImages,
    wrong: above0,
    mayChange: true,
  }),
  lr: setting({
    flags: '--lr <x>',
    help: 'reference learning rate α_ref',
    read: numeric,
    schema: z.number().positive(),
    otherwise: ({ preset, recipe, own }) => preset.referenceRate * (recipe.referenceRate / own.referenceRate),
    wrong: above0,
  }),
  decay: setting({
    flags: '--decay <n>',
    help: 'batches t_ref after which the learning rate decays; 0: never',
    read: numeric,
    schema: z.number().nonnegative(),
    otherwise: ({ preset, recipe }) => (recipe.decayBatches > 0 ? preset.decayBatches : 0),
    wrong: (batches) =>
      batches >= 0 ? undefined : `expected a number of batches, 0 for no decay, got ${batches}. Correct it.`,
  }),
  dropout: setting({
    flags: '--dropout <p>',
    help: 'dropout probability',
    read: numeric,
    schema: z.number().min(0).lt(1),
    otherwise: ({ dropout, recipe, own }) => (recipe.dropout === own.dropout ? dropout : recipe.dropout),
    wrong: (p) => (p >= 0 && p < 1 ? undefined : `expected 0 ≤ p < 1, got ${p}. 0.1 is usual.`),
  }),
  pMean: setting({
    flags: '--pmean <x>',
    help: 'mean of ln σ',
    read: numeric,
    schema: z.number(),
    otherwise: ({ preset, recipe, own }) => (recipe.pMean === own.pMean ? preset.pMean : recipe.pMean),
  }),
  pStd: setting({
    flags: '--pstd <x>',
    help: 'standard deviation of ln σ',
    read: numeric,
    schema: z.number().positive(),
    otherwise: ({ preset, recipe, own }) => (recipe.pStd === own.pStd ? preset.pStd : recipe.pStd),
    wrong: above0,
  }),
  beta2: setting({
    flags: '--beta2 <x>',
    help: "Adam's second decay",
    read: numeric,
    schema: z.number().min(0).lt(1).default(0.99),
    otherwise: ({ recipe }) => recipe.beta2,
    wrong: (beta2) => (beta2 >= 0 && beta2 < 1 ? undefined : `expected 0 ≤ β₂ < 1, got ${beta2}. 0.99 is usual.`),
  }),
  lossScale: setting({
    flags: '--loss-scale <x>',
    help: 'factor of the loss before gradients are taken',
    read: numeric,
    schema: z.number().positive().default(1),
    otherwise: ({ recipe }) => recipe.lossScale,
    wrong: above0,
  }),
  uncertainty: setting({
    flags: '--uncertainty <bool>',
    help: 'the loss learns its uncertainty (from config B on), or is EDM’s',
    read: boolean,
    schema: z.boolean().default(true),
    otherwise: ({ recipe }) => recipe.uncertainty,
  }),
  augment: setting({
    flags: '--augment <p>',
    help: 'probability of each of EDM’s augmentations, of which the network is told; 0: none (default)',
    read: numeric,
    schema: z.number().min(0).max(1).default(0),
    otherwise: ({ preset }) => preset.augment ?? 0,
    wrong(p, { latents, xflip }) {
      if (!(p >= 0 && p <= 1)) return `expected 0 ≤ p ≤ 1, got ${p}. 0.12 is usual.`;
      if (p > 0 && latents) return 'expected images, got latents, which cannot be turned or scaled. Leave it out.';
      // It mirrors by itself, and says so to the network.
      return p > 0 && xflip
        ? 'expected --xflip false, got true. Leave --xflip out: the pipeline has x-flips.'
        : undefined;
    },
  }),
  augmentWith: setting({
    flags: '--augment-with <list>',
    help: `which of them, of ${[...TRANSFORMS.keys()].join(', ')} (default: EDM's, ${EDM_TRANSFORMS.map(({ name }) => name).join(', ')})`,
    read: transformNames,
    schema: z.string().exactOptional(),
    wrong: (names, { augment }) =>
      names === undefined || augment > 0
        ? undefined
        : 'expected a probability besides, got none. Add --augment, such as 0.12, or leave it out.',
  }),
  xflip: setting({
    flags: '--xflip <bool>',
    help: 'train on every image and its mirror image (default: false)',
    read: boolean,
    schema: z.boolean().default(false),
    otherwise: () => false,
  }),
  validation: setting({
    flags: '--validation <what>',
    help: 'images to measure the loss on: a folder or zip of others, or a share of --data that is not trained on, such as 0.1',
    read: (text) => (Number.isFinite(Number(text)) ? Number(text) : resolve(text)),
    schema: z.union([z.string(), z.number().gt(0).lt(1)]).exactOptional(),
    wrong: (what) =>
      typeof what !== 'number' || (what > 0 && what < 1)
        ? undefined
        : `expected a share between 0 and 1 or a path, got ${what}. 0.1 is usual; a folder of that name is ./${what}.`,
  }),
  emaHalfLife: setting({
    flags: '--ema-half-life <n>',
    help: 'half-life, in images, of a traditional average kept besides; 0: none (default: config A’s)',
    read: count('--ema-half-life'),
    schema: z.number().nonnegative().default(0),
    otherwise: ({ recipe }, { duration }) => Math.round(((recipe.emaHalfLife ?? 0) / LADDER_IMAGES) * duration),
  }),
  emaRampup: setting({
    flags: '--ema-rampup <x>',
    help: 'cap of that half-life, as a share of the images seen, such as 0.05; 0: none',
    read: numeric,
    schema: z.number().nonnegative().default(0),
    otherwise: () => 0,
    wrong(share, { emaHalfLife, duration }) {
      if (!(share >= 0)) return `expected a share such as 0.05, 0 for none, got ${share}. Correct it.`;
      if (share === 0 || emaHalfLife > 0) return undefined;
      return `expected a half-life that it bounds, got none. Add --ema-half-life, such as ${Math.max(1, Math.round(0.023 * duration))} images, or leave it out.`;
    },
  }),
};
