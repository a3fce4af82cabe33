import { basename, join } from 'node:path';
import { isInterruption, listenForInterrupt } from '@edm2/app-kit/command/interrupt';
import { holdOut } from '@edm2/app-kit/data/hold-out';
import { openReadyImages } from '@edm2/app-kit/data/ready-images';
import { aloneIn } from '@edm2/app-kit/files/alone';
import { InterruptedError, UsageError } from '@edm2/command/errors';
import { ownCommand, siblingCommand } from '@edm2/command/typed';
import type { OpenedDataset } from '@edm2/dataset';
import { countParameters } from '@edm2/edm2-unet';
import { type EngineName, startEngine } from '@edm2/engine';
import type { Command } from 'commander';
import { defaultOutdir } from '../run/outdir.js';
import { CACHE, noRun } from '../run/run-folder.js';
import { checkTrainingData } from '../run/training-data.js';
import { shown } from '../run/with-run.js';
import { say } from '../say.js';
import { createVae } from './network.js';
import { typedVaeOptions, type VaeOptions, withVaeOptions } from './options.js';
import { checkVaeConfig, resolveVaeConfig } from './resolve-config.js';
import { CHANGEABLE, type VaeConfig } from './vae-config.js';
import { autoencoderFolder, changes, expectFree, prepareVaeFolder, readVaeConfig } from './vae-folder.js';
import { describe, imagesOf, trainVae } from './vae-run.js';

/**
 * From this many parameters on the engine is chosen that is fast at large work: an autoencoder is small, its images are not. On 64×64 pixels
 * TensorFlow's library took 0.5 s for a step of 16 images where ONNX Runtime took 1.2 s (widths 16, 32, 64; two busy cores).
 */
const LARGE = 1_000_000;

/** `edm2-train vae`. */
export const addVaeCommand = (program: Command): Command =>
  withVaeOptions(program.command('vae'))
    .description(
      'Trains a small autoencoder (AutoencoderKL) on a folder or zip of images and writes it as a diffusers folder, for edm2-dataset encode.',
    )
    .exitOverride()
    .showSuggestionAfterError()
    .action((_, command: Command) => vaeCommand(typedVaeOptions(command)));

async function vaeCommand(options: VaeOptions): Promise<void> {
  const outdir = await folderOf(options);
  const stored = options.resume ? await continued(options, outdir) : undefined;
  const path = options.data ?? stored?.data;
  if (path === undefined) throw new UsageError('--data: expected a folder or zip of images, got nothing. Name one.');
  if (!stored && !options.dryRun) await expectFree(outdir);
  const dataset = await openImages(path, options.acceptWarnings ?? stored?.acceptWarnings ?? false, options, outdir);
  if (dataset === undefined) return;
  try {
    const config = stored ? sameData(stored, dataset, outdir) : resolveVaeConfig(options, dataset);
    checkVaeConfig(config, dataset);
    if (options.dryRun) return void process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
    await checkTrainingData(dataset, say);
    await aloneIn(outdir, 'train vae', () => run(config, dataset, outdir));
  } finally {
    await dataset.close();
  }
}

async function folderOf({ outdir, data, resume = false }: VaeOptions): Promise<string> {
  if (outdir !== undefined) return outdir;
  if (data === undefined)
    throw new UsageError(
      resume
        ? '--resume: expected the folder of a run, got nothing. Name it with --outdir.'
        : '--data: expected a folder or zip of images, got nothing. Name one.',
    );
  return defaultOutdir(`${basename(data).replace(/\W+/g, '-').toLowerCase() || 'images'}-vae`, resume);
}

/** The settings that a run was begun with, and of those that are given again what may change. */
async function continued(options: VaeOptions, outdir: string): Promise<VaeConfig> {
  const stored = await readVaeConfig(outdir);
  if (!stored) throw noRun(outdir, 'run.json');
  const wrong = changes(stored, options);
  if (wrong.length > 0)
    throw new UsageError(
      `--resume: expected the settings that ${outdir} was begun with, got others (${wrong.join('; ')}). Leave them out, or train anew in another --outdir.`,
    );
  const given = CHANGEABLE.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]);
  return { ...stored, ...Object.fromEntries(given) };
}

function sameData(config: VaeConfig, dataset: OpenedDataset, outdir: string): VaeConfig {
  if (dataset.fingerprint === config.dataFingerprint) return { ...config, data: dataset.path };
  throw new UsageError(
    `--resume: expected the images that ${outdir} was begun with, got others at ${dataset.path}. Bring the old ones back, or train anew in another --outdir.`,
  );
}

/** The largest side that is proposed for photographs: what published autoencoders were trained on. */
const MOST_SIDE = 256;

/** @returns undefined with `--dry-run` where images would have to be converted first. */
async function openImages(
  path: string,
  acceptWarnings: boolean,
  { resolution, dryRun }: VaeOptions,
  outdir: string,
): Promise<OpenedDataset | undefined> {
  const flags = { path: '--data', acceptWarnings: '--accept-warnings' };
  const dataset = await openReadyImages(path, {
    ...(resolution === undefined ? {} : { resolution }),
    ...{ channels: 3, labels: false, acceptWarnings, flags, mostSide: MOST_SIDE },
    ...{ cache: join(outdir, CACHE), dryRun, say },
  });
  if (dataset === undefined || dataset.dtype === 'uint8') return dataset;
  await dataset.close();
  throw new UsageError(`--data: expected images, got arrays of numbers in ${path}. Are they encoded already?`);
}

async function run(config: VaeConfig, dataset: OpenedDataset, outdir: string): Promise<void> {
  const vae = createVae(config);
  const parameters = countParameters(vae);
  const engine = await startEngine((config.engine ?? 'auto') as EngineName, {
    ...(config.threads ? { threads: config.threads } : {}),
    parameters: Math.max(parameters, LARGE),
  });
  await prepareVaeFolder(outdir, config);
  say(`engine: ${engine.why}`);
  const side = dataset.resolution / vae.factor;
  say(
    `autoencoder of ${(parameters / 1e6).toFixed(2)} M parameters, ${dataset.resolution}×${dataset.resolution}×3 → ${side}×${side}×${config.latentChannels}, ${imagesOf(config)} images in batches of ${config.batch}, ${config.heldOut} held out → ${shown(outdir)}/`,
  );
  const resumeCommand = ownCommand(['--resume', '--outdir', shown(outdir)], { subcommand: 'vae' });
  const interrupt = listenForInterrupt(say, 'stopping after this step and writing a training state');
  try {
    const data = holdOut(dataset, config.heldOut, config.seed);
    const seen = await trainVae({ config, data, outdir, engine, signal: interrupt.signal, say, resumeCommand });
    const folder = shown(autoencoderFolder(outdir));
    say(`\ndone: ${describe(seen, config)}`);
    say(
      `${folder}/ is a diffusers folder, for pixels from 0 to 1 as EDM2 feeds them (diffusers’ pipelines feed −1 to 1: VaeImageProcessor(do_normalize=False) there); previews/ shows originals over what comes back`,
    );
    const encode = ['encode', '--source', shown(dataset.path), '--dest', 'latents.zip', '--vae', shown(outdir)];
    say(`latents for training: ${siblingCommand('dataset', encode)}`);
  } catch (error) {
    if (error instanceof InterruptedError || !isInterruption(error, interrupt.signal)) throw error;
    throw new InterruptedError(
      `interrupted; everything up to the last training state is in ${shown(outdir)}. Continue with: ${resumeCommand}`,
      { cause: error },
    );
  } finally {
    interrupt.release();
  }
}
