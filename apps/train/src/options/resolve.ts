import { resolve } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import type { Dataset } from '@edm2/dataset';
import type { LatentDescription } from '@edm2/latent-vae';
import { trainingLadder } from '@edm2/training';
import { augmentOf } from '../run/augment-images.js';
import type { CommandOptions } from './command-options.js';
import { checkLevels, networkOf } from './network-of.js';
import { defaultPreset, presetOf } from './presets.js';
import { checkRunConfig, type RunConfig } from './run-config.js';
import { checkSettings, resolveSettings } from './settings.js';

/** Averages tracked in training: any length in between, and beyond to both sides, can be reconstructed from these two. */
export const EMA_SIGMA_RELS: readonly number[] = [0.05, 0.1];

/**
 * Completes what the command line said from the preset, the config and the data.
 *
 * @param latents - of which autoencoder the data's latents are; undefined for images.
 * @throws {UsageError} naming the option whose value does not fit.
 */
export function resolveRunConfig(given: CommandOptions, dataset: Dataset, latents?: LatentDescription): RunConfig {
  const name = given.preset ?? defaultPreset(dataset, latents !== undefined);
  const preset = presetOf(name);
  const own = preset.unet.config ?? 'G';
  const letter = given.config ?? own;
  const { network, dropout } = networkOf({ ...preset.unet, config: letter }, given, dataset, latents !== undefined);
  const basis = { preset, dropout, recipe: trainingLadder[letter], own: trainingLadder[own] };
  const chosen = resolveSettings(given, basis);
  const config: RunConfig = {
    format: 'edm2-run-1',
    preset: name,
    config: letter,
    data: resolve(dataset.path),
    dataFingerprint: dataset.fingerprint,
    ...chosen,
    rampupMimg: preset.rampupMimg,
    sigmaData: latents?.normalizer.finalStd ?? 0.5,
    emaSigmaRels: [...EMA_SIGMA_RELS],
    ...(given.switch ? { switches: { ...given.switch } } : {}),
    network: { ...network, ...augmentDimOf(chosen) },
    ...(latents ? { latents: { ...writable(latents), posterior: given.posterior ?? 'sample' } } : {}),
  };
  checkFits(config, dataset, given);
  checkRunConfig(config);
  return config;
}

/** What a network needs to be told of augmentations; nothing where there are none. The probability is checked with the other settings. */
const augmentDimOf = (chosen: Pick<RunConfig, 'augment' | 'augmentWith'>): Pick<RunConfig['network'], 'augmentDim'> => {
  const augment = augmentOf({ ...chosen, augment: chosen.augment === 0 ? 0 : 1 });
  return augment ? { augmentDim: augment.labelDim } : {};
};

/** @throws {UsageError} naming the option whose value does not fit the others or the data. */
export function checkFits(config: RunConfig, dataset: Dataset, given: CommandOptions): void {
  checkSettings(config);
  checkLevels(config, dataset, given);
  if (config.latents === undefined && given.posterior !== undefined)
    throw new UsageError(`--posterior: expected data of latents, got images. Leave it out.`);
  if (config.latents === undefined && dataset.dtype !== 'uint8')
    throw new UsageError(
      `--data: expected images, or latents as means and deviations, got arrays of ${dataset.channels} channels. Encode images with npm run dataset -- encode.`,
    );
}

/** A description as the configuration's schema has it: lists that may be written to. */
export const writable = ({ normalizer, ...rest }: LatentDescription) => ({
  ...rest,
  normalizer: { ...normalizer, rawMean: [...normalizer.rawMean], rawStd: [...normalizer.rawStd] },
});
