import { UsageError } from '@edm2/command/errors';
import { z } from 'zod';

const positive = z.number().int().positive();

/**
 * Everything that decides what a run computes, as stored in `<outdir>/config.json`: enough to repeat it. Counts are in images.
 */
export const runConfigSchema = z.strictObject({
  format: z.literal('edm2-run-1'),
  preset: z.string(),
  config: z.enum(['A', 'B', 'C', 'D', 'E', 'F', 'G']),
  /** Path of the images, or `mnist` for the ones that come with the program. */
  data: z.string(),
  dataFingerprint: z.string(),
  seed: z.number().int(),
  duration: positive,
  batch: positive,
  batchGpu: positive,
  status: positive,
  snapshot: positive,
  checkpoint: positive,
  /** 0: no previews. */
  preview: z.number().int().nonnegative(),
  /** Reference learning rate α_ref. */
  lr: z.number().positive(),
  /** Batches t_ref after which the rate decays; 0: never. */
  decay: z.number().nonnegative(),
  /** Ramp-up of the rate, in millions of images. */
  rampupMimg: z.number().nonnegative(),
  dropout: z.number().min(0).lt(1),
  pMean: z.number(),
  pStd: z.number().positive(),
  sigmaData: z.number().positive(),
  /** Adam's second decay. Fields with a default are not in folders of before they were there. */
  beta2: z.number().min(0).lt(1).default(0.99),
  /** Factor of the loss that gradients are taken of. */
  lossScale: z.number().positive().default(1),
  /** Whether the loss learns its uncertainty. */
  uncertainty: z.boolean().default(true),
  /** Half-life of a traditional average kept besides, in images; 0: none. */
  emaHalfLife: z.number().nonnegative().default(0),
  /** Its longest half-life as a share of the images seen; 0: no ramp-up. */
  emaRampup: z.number().nonnegative().default(0),
  emaSigmaRels: z.array(z.number().positive()),
  /** Single switches of the config. */
  switches: z.record(z.string(), z.union([z.string(), z.boolean(), z.number()])).exactOptional(),
  network: z.strictObject({
    imgResolution: positive,
    imgChannels: positive,
    labelDim: z.number().int().nonnegative(),
    modelChannels: positive,
    channelMult: z.array(positive),
    numBlocks: positive,
    attnResolutions: z.array(positive),
    channelsPerHead: positive,
  }),
  /** Of a run on latents: whose they are, and how what is stored becomes what is trained on. */
  latents: z
    .strictObject({
      vae: z.string(),
      sha256: z.string().exactOptional(),
      normalizer: z.strictObject({
        rawMean: z.array(z.number()),
        rawStd: z.array(z.number().positive()),
        finalMean: z.number(),
        finalStd: z.number().positive(),
      }),
      posterior: z.enum(['sample', 'mean']),
    })
    .exactOptional(),
  /** What the run is for, where that is the main job; absent: a training on one's own images. */
  job: z.enum(['main', 'main-smoke']).exactOptional(),
  /** Whether images are taken that decode although the decoder warns of damage. */
  acceptWarnings: z.boolean().exactOptional(),
  /** What was asked to compute, by name; absent: the best that is there. */
  engine: z.string().exactOptional(),
  /** Threads that were asked for; absent: all cores. */
  threads: positive.exactOptional(),
  /** Diffusers folder that was named for previews. */
  vae: z.string().exactOptional(),
  /** What is recorded at status ticks besides. */
  magnitudes: z.boolean().exactOptional(),
  updates: z.boolean().exactOptional(),
});

/** A run's configuration. */
export type RunConfig = z.infer<typeof runConfigSchema>;

/**
 * Holds a configuration to what a continuation will read of it, so that no run begins that could not go on.
 *
 * @throws {UsageError} naming each value that could not be read again.
 */
export function checkRunConfig(config: RunConfig): void {
  const { error } = runConfigSchema.safeParse(JSON.parse(JSON.stringify(config)));
  if (!error) return;
  const wrong = error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`);
  throw new UsageError(
    `config.json: expected values that a run can be continued with, got others (${wrong.join('; ')}). Correct the options that set them.`,
  );
}
