import { resolve } from 'node:path';
import { z } from 'zod';
import { count } from './parsers.js';
import { above0, type OtherSettings, type RunBasis, setting } from './setting.js';

const positive = z.number().int().positive();

/** A share of the training, in whole batches; of a short one, a thousand images. */
const every =
  (share: number) =>
  (_: RunBasis, { duration, batch }: OtherSettings): number =>
    Math.max(1000, Math.ceil(duration / share / batch) * batch);

/** What decodes previews wants latents, and previews. */
function previewsOfLatents(folder: string | undefined, { latents, preview }: OtherSettings): string | undefined {
  if (folder === undefined) return undefined;
  if (!latents) return 'expected data of latents, got images. Leave it out, or encode the images.';
  return preview > 0 ? undefined : 'expected previews that it decodes, got --preview 0. Leave one of the two out.';
}

/** How often something is written, where things are, and what computes: a continuation may change it. */
export const RUN_SETTINGS = {
  status: setting({
    flags: '--status <n>',
    help: 'images between status lines (default: 64 of them)',
    read: count('--status'),
    schema: positive,
    otherwise: every(64),
    wrong: above0,
    mayChange: true,
  }),
  snapshot: setting({
    flags: '--snapshot <n>',
    help: 'images between network snapshots (default: 16 of them)',
    read: count('--snapshot'),
    schema: positive,
    otherwise: every(16),
    wrong: above0,
    mayChange: true,
  }),
  checkpoint: setting({
    flags: '--checkpoint <n>',
    help: 'images between training states (default: 8 of them)',
    read: count('--checkpoint'),
    schema: positive,
    otherwise: every(8),
    wrong: above0,
    mayChange: true,
  }),
  preview: setting({
    flags: '--preview <n>',
    help: 'images between preview grids; 0: none (default: 6 of them)',
    read: count('--preview'),
    schema: z.number().int().nonnegative(),
    otherwise: every(6),
    mayChange: true,
  }),
  engine: setting({ flags: '--engine <name>', schema: z.string().exactOptional(), mayChange: true }),
  threads: setting({ flags: '--threads <n>', schema: positive.exactOptional(), mayChange: true }),
  acceptWarnings: setting({
    flags: '--accept-warnings',
    help: 'use images that decode although the decoder warns of damage',
    schema: z.boolean().exactOptional(),
    mayChange: true,
  }),
  vae: setting({
    flags: '--vae <folder>',
    help: 'diffusers folder of the autoencoder that decodes previews of latents (default: the one that the data names, here or beside it)',
    read: (folder) => resolve(folder),
    schema: z.string().exactOptional(),
    wrong: previewsOfLatents,
    mayChange: true,
  }),
  previewVae: setting({
    flags: '--preview-vae <folder>',
    help: 'diffusers folder of a tiny autoencoder (TAESD) that decodes previews in its place, which is quicker',
    read: (folder) => resolve(folder),
    schema: z.string().exactOptional(),
    wrong: previewsOfLatents,
    mayChange: true,
  }),
  updates: setting({
    flags: '--updates',
    help: 'record how far a step moves each weight, relative to its size; with --magnitudes',
    schema: z.boolean().exactOptional(),
    mayChange: true,
  }),
  magnitudes: setting({
    flags: '--magnitudes',
    help: 'record magnitudes of activations and weights at status ticks, in magnitudes.jsonl',
    schema: z.boolean().exactOptional(),
    // Both are written to one file.
    otherwise: (_, { updates }) => updates,
    mayChange: true,
  }),
};
