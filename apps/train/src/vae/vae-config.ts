import { z } from 'zod';

const positive = z.number().int().positive();
const weight = z.number().nonnegative();

/** What a training of an autoencoder computes: fixed once it has begun. */
const TRAINING = {
  dataFingerprint: z.string(),
  seed: z.number().int(),
  /** Width of each level, the first at full resolution; each further one halves the sides. */
  channels: z.array(positive).min(1),
  layers: positive,
  latentChannels: positive,
  attention: z.boolean(),
  batch: positive,
  /** Side of the squares that are cut out of the images; the images' own: whole ones. */
  crop: positive,
  lr: z.number().positive(),
  distance: z.enum(['l1', 'l2']),
  detail: weight,
  kl: weight,
  /** Images that are not trained on. */
  heldOut: z.number().int().nonnegative(),
};

/** How long, how often, where, and by what: a continuation may have others. */
const RUNNING = {
  data: z.string(),
  duration: positive,
  status: positive,
  checkpoint: positive,
  preview: positive,
  engine: z.string().exactOptional(),
  threads: positive.exactOptional(),
  acceptWarnings: z.boolean().exactOptional(),
};

/** Everything that decides what a training of an autoencoder computes, as its folder keeps it in `run.json`. Counts are in images. */
export const vaeConfigSchema = z.strictObject({ format: z.literal('edm2-vae-run-1'), ...TRAINING, ...RUNNING });

/** A training's configuration. */
export type VaeConfig = z.infer<typeof vaeConfigSchema>;

/** What a continuation may not change. */
export const FIXED = Object.keys(TRAINING) as (keyof typeof TRAINING)[];

/** What it may. */
export const CHANGEABLE = Object.keys(RUNNING) as (keyof typeof RUNNING)[];
