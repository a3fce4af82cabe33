import { resolve } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import type { Dataset } from '@edm2/dataset';
import { createVae } from './network.js';
import { DEFAULTS, type VaeOptions } from './options.js';
import type { VaeConfig } from './vae-config.js';

/** Share of the images, and most of them, that are held out where nothing is said. */
const HELD_OUT = { share: 1 / 20, most: 256 };

/** Completes what was typed. @throws {UsageError} naming the option whose value does not fit the data or another. */
export function resolveVaeConfig(typed: VaeOptions, dataset: Dataset): VaeConfig {
  const { outdir: _, resume: __, dryRun: ___, resolution: ____, ...given } = typed;
  const so = { ...DEFAULTS, channels: [...DEFAULTS.channels], ...given };
  const { duration, batch } = so;
  const every = (parts: number): number => Math.max(batch, Math.ceil(duration / parts / batch) * batch);
  const config: VaeConfig = {
    format: 'edm2-vae-run-1',
    status: every(64),
    checkpoint: every(8),
    preview: every(8),
    heldOut: Math.min(HELD_OUT.most, Math.floor(dataset.length * HELD_OUT.share)),
    crop: dataset.resolution,
    ...so,
    data: resolve(dataset.path),
    dataFingerprint: dataset.fingerprint,
  };
  checkVaeConfig(config, dataset);
  return config;
}

/** @throws {UsageError} naming the option whose value does not fit. */
export function checkVaeConfig(config: VaeConfig, dataset: Dataset): void {
  for (const name of ['duration', 'status', 'checkpoint', 'preview'] as const)
    if (config[name] < 1)
      throw new UsageError(`--${name}: expected at least 1 image, got ${config[name]}. Correct it.`);
  const { factor } = createVae(config);
  if (dataset.resolution % factor !== 0)
    throw new UsageError(
      `--channels: expected at most ${Math.log2(dataset.resolution) + 1} levels for images of ${dataset.resolution}×${dataset.resolution}, got ${config.channels.length}. Each but the first halves the sides.`,
    );
  if (config.crop > dataset.resolution || config.crop < 1 || config.crop % factor !== 0)
    throw new UsageError(
      `--crop: expected a multiple of ${factor} up to ${dataset.resolution}, got ${config.crop}. A latent stands for ${factor}×${factor} pixels.`,
    );
  if (config.heldOut >= dataset.length)
    throw new UsageError(
      `--held-out: expected fewer than the ${dataset.length} images that there are, got ${config.heldOut}. Leave some to train on.`,
    );
}
