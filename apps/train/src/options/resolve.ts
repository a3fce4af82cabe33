import { resolve } from 'node:path';
import { suggest } from '@edm2/app-kit/command/nearest';
import { UsageError } from '@edm2/command/errors';
import type { Dataset } from '@edm2/dataset';
import { type Preset, presets, resolveConfig, type UNetOptions } from '@edm2/edm2-unet';
import type { LatentDescription } from '@edm2/latent-vae';
import { LADDER_IMAGES, trainingLadder } from '@edm2/training';
import type { CommandOptions } from './command-options.js';
import { checkRunConfig, type RunConfig } from './run-config.js';

/** Averages tracked in training: any length in between, and beyond to both sides, can be reconstructed from these two. */
const EMA_SIGMA_RELS = [0.05, 0.1];
/** Shortest distance of snapshots: their names count thousands of images. */
const MIN_INTERVAL = 1000;

/** @throws {UsageError} when there is no such preset. */
export function presetOf(name: string): Preset {
  const preset = (presets as Record<string, Preset>)[name];
  if (!preset)
    throw new UsageError(
      `--preset: expected one of ${Object.keys(presets).join(', ')}, got ${name}.${suggest(name, Object.keys(presets))}`,
    );
  return preset;
}

/** A fitting preset where none was named. */
const defaultPreset = (dataset: Dataset, latents: boolean): string => {
  if (latents && dataset.resolution >= 64) return 'img512-xs';
  if (dataset.resolution <= 16) return 'mnist';
  return dataset.resolution <= 32 ? 'cifar10' : 'img64-xs';
};

/**
 * Completes what the command line said from the preset and the data.
 *
 * @param latents - of which autoencoder the data's latents are; undefined for images.
 * @throws {UsageError} naming the option whose value does not fit.
 */
export function resolveRunConfig(given: CommandOptions, dataset: Dataset, latents?: LatentDescription): RunConfig {
  const name = given.preset ?? defaultPreset(dataset, latents !== undefined);
  const preset = presetOf(name);
  const { unet } = preset;
  const letter = given.config ?? unet.config ?? 'G';
  const recipe = trainingLadder[letter];
  // Presets hold the constants of their own config; another one's differ from them as they do in the paper.
  const own = trainingLadder[unet.config ?? 'G'];
  const batch = given.batch ?? Math.round((preset.batch * recipe.batch) / own.batch);
  const duration = given.duration ?? preset.durationImages;
  const every = (share: number): number => Math.max(MIN_INTERVAL, Math.ceil(duration / share / batch) * batch);
  const cond = given.cond ?? dataset.labelDim > 0;
  if (cond && dataset.labelDim === 0)
    throw new UsageError(
      '--cond: expected data with labels, got none. Sort the images into one folder per class, or leave --cond out.',
    );
  const {
    config: _,
    dropout,
    ...shape
  } = resolveConfig({
    ...unet,
    config: letter,
    imgResolution: dataset.resolution,
    imgChannels: latents ? dataset.channels / 2 : dataset.channels,
    labelDim: cond ? dataset.labelDim : 0,
    ...(given.attnResolutions ? { attnResolutions: given.attnResolutions } : {}),
  });
  const switches = given.switch;
  checkSwitches({ ...shape, ...switches, config: letter });
  const network = { ...shape, channelMult: [...shape.channelMult], attnResolutions: [...shape.attnResolutions] };
  const config: RunConfig = {
    format: 'edm2-run-1',
    preset: name,
    config: letter,
    data: resolve(dataset.path),
    dataFingerprint: dataset.fingerprint,
    seed: given.seed ?? 0,
    duration,
    batch,
    batchGpu: given.batchGpu ?? batch,
    status: given.status ?? every(64),
    snapshot: given.snapshot ?? every(16),
    checkpoint: given.checkpoint ?? every(8),
    preview: given.preview ?? every(6),
    lr: given.lr ?? preset.learningRate * (recipe.learningRate / own.learningRate),
    decay: given.decay ?? (recipe.decayBatches > 0 ? preset.decayBatches : 0),
    rampupMimg: preset.rampupMimg,
    dropout: given.dropout ?? (recipe.dropout === own.dropout ? dropout : recipe.dropout),
    pMean: given.pmean ?? (recipe.pMean === own.pMean ? preset.pMean : recipe.pMean),
    pStd: given.pstd ?? (recipe.pStd === own.pStd ? preset.pStd : recipe.pStd),
    sigmaData: latents?.normalizer.finalStd ?? 0.5,
    beta2: given.beta2 ?? recipe.beta2,
    lossScale: given.lossScale ?? recipe.lossScale,
    uncertainty: given.uncertainty ?? recipe.uncertainty,
    emaHalfLife: given.emaHalfLife ?? Math.round(((recipe.emaHalfLife ?? 0) / LADDER_IMAGES) * duration),
    emaRampup: given.emaRampup ?? 0,
    emaSigmaRels: EMA_SIGMA_RELS,
    ...(switches ? { switches: { ...switches } } : {}),
    network,
    ...(latents ? { latents: { ...writable(latents), posterior: given.posterior ?? 'sample' } } : {}),
    ...(given.engine === undefined ? {} : { engine: given.engine }),
    ...(given.acceptWarnings ? { acceptWarnings: true } : {}),
    ...(given.threads === undefined ? {} : { threads: given.threads }),
    ...(given.vae === undefined ? {} : { vae: resolve(given.vae) }),
    ...(given.magnitudes || given.updates ? { magnitudes: true } : {}),
    ...(given.updates ? { updates: true } : {}),
  };
  checkFits(config, dataset, given);
  checkRunConfig(config);
  return config;
}

/** @throws {UsageError} when switches do not go together. */
function checkSwitches(options: UNetOptions): void {
  try {
    resolveConfig(options);
  } catch (cause) {
    throw new UsageError(`--switch: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** @throws {UsageError} naming the option whose value does not fit the others or the data. */
export function checkFits(config: RunConfig, dataset: Dataset, given: CommandOptions): void {
  const { batch, batchGpu, duration, snapshot, checkpoint, preview, status, dropout, pStd, lr, network } = config;
  const positive = {
    '--batch': batch,
    '--duration': duration,
    '--status': status,
    '--lr': lr,
    '--pstd': pStd,
    '--loss-scale': config.lossScale,
  };
  for (const [name, value] of Object.entries(positive))
    if (!(value > 0)) throw new UsageError(`${name}: expected a number above 0, got ${value}. Correct it.`);
  for (const [name, value] of Object.entries({
    '--snapshot': snapshot,
    '--checkpoint': checkpoint,
    '--preview': preview,
  })) {
    const none = name === '--preview' && value === 0;
    if (value < MIN_INTERVAL && !none)
      throw new UsageError(
        `${name}: expected at least ${MIN_INTERVAL} images${name === '--preview' ? ', or 0 for none' : ''}, got ${value}. File names count thousands of images.`,
      );
  }
  checkVaeFits(config);
  if (batchGpu > batch || batch % batchGpu !== 0)
    throw new UsageError(
      `--batch-gpu: expected a divisor of --batch ${batch}, got ${batchGpu}. Choose ${batch} or a half of it.`,
    );
  if (!(config.decay >= 0))
    throw new UsageError(`--decay: expected a number of batches, 0 for no decay, got ${config.decay}. Correct it.`);
  if (!(config.beta2 >= 0 && config.beta2 < 1))
    throw new UsageError(`--beta2: expected 0 ≤ β₂ < 1, got ${config.beta2}. 0.99 is usual.`);
  if (!(config.emaRampup >= 0))
    throw new UsageError(
      `--ema-rampup: expected a share such as 0.05, 0 for none, got ${config.emaRampup}. Correct it.`,
    );
  if (config.emaRampup > 0 && config.emaHalfLife === 0)
    throw new UsageError(
      `--ema-rampup: expected a half-life that it bounds, got none. Add --ema-half-life, such as ${Math.max(1, Math.round(0.023 * duration))} images, or leave it out.`,
    );
  if (!(dropout >= 0 && dropout < 1))
    throw new UsageError(`--dropout: expected 0 ≤ p < 1, got ${dropout}. 0.1 is usual.`);
  const smallest = dataset.resolution / 2 ** (network.channelMult.length - 1);
  if (smallest < 1)
    throw new UsageError(
      `--preset: expected a network of at most ${Math.log2(dataset.resolution) + 1} levels for ${dataset.resolution}×${dataset.resolution} images, got ${network.channelMult.length}. Choose a smaller preset.`,
    );
  const levels = network.channelMult.map((_, level) => dataset.resolution / 2 ** level);
  const foreign = given.attnResolutions?.filter((side) => !levels.includes(side)) ?? [];
  if (foreign.length > 0)
    throw new UsageError(
      `--attn-resolutions: expected sides of the network's levels, ${levels.join(', ')}, got ${foreign.join(', ')}. Choose from these, or none.`,
    );
  if (config.latents === undefined && given.posterior !== undefined)
    throw new UsageError(`--posterior: expected data of latents, got images. Leave it out.`);
  if (config.latents === undefined && dataset.dtype !== 'uint8')
    throw new UsageError(
      `--data: expected images, or latents as means and deviations, got arrays of ${dataset.channels} channels. Encode images with npm run dataset -- encode.`,
    );
}

/** @throws {UsageError} when an autoencoder is named that nothing would be decoded with. */
function checkVaeFits({ vae, latents, preview }: RunConfig): void {
  if (vae === undefined) return;
  if (!latents)
    throw new UsageError('--vae: expected data of latents, got images. Leave it out, or encode the images.');
  if (preview === 0)
    throw new UsageError('--vae: expected previews that it decodes, got --preview 0. Leave one of the two out.');
}

/** A description as the configuration's schema has it: lists that may be written to. */
export const writable = ({ normalizer, ...rest }: LatentDescription) => ({
  ...rest,
  normalizer: { ...normalizer, rawMean: [...normalizer.rawMean], rawStd: [...normalizer.rawStd] },
});
