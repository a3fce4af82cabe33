import { UsageError } from '@edm2/command/errors';
import { CONFIG_NAMES } from '@edm2/edm2-unet';
import { z } from 'zod';
import { SETTING_SCHEMAS } from './settings.js';

const positive = z.number().int().positive();

/**
 * Everything that decides what a run computes, as stored in `<outdir>/config.json`: enough to repeat it. Counts are in images. The
 * settings that options have are those of `settings.ts`; here is what follows from the data, the preset and the config.
 */
export const runConfigSchema = z.strictObject({
  format: z.literal('edm2-run-1'),
  preset: z.string(),
  config: z.enum(CONFIG_NAMES),
  /** Path of the images, or `mnist` for the ones that come with the program. */
  data: z.string(),
  dataFingerprint: z.string(),
  ...SETTING_SCHEMAS,
  /** Ramp-up of the rate, in millions of images. */
  rampupMimg: z.number().nonnegative(),
  sigmaData: z.number().positive(),
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
    /** With `augment`. */
    augmentDim: positive.exactOptional(),
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
