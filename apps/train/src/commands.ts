import { basename } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import { siblingCommand } from '@edm2/command/typed';
import { describeLatents, holdsLatents } from 'edm2/parts';
import { mnistFolder } from './demo/mnist.js';
import { checkVae, printConfig, runMainJob, trainOn } from './jobs.js';
import type { CommandOptions } from './options/command-options.js';
import { presetOf } from './options/presets.js';
import { resolveRunConfig } from './options/resolve.js';
import type { RunConfig } from './options/run-config.js';
import { resumeCommand } from './resume.js';
import { defaultOutdir } from './run/outdir.js';
import { checkTrainingData, openReadyData, openTrainingData, sayData } from './run/training-data.js';
import { say } from './say.js';

/** The images of a smoke run: enough steps for two snapshots. */
const SMOKE_IMAGES = 2048;

/** `edm2-train --data …`: a run on one's own images. */
export async function trainCommand(options: CommandOptions): Promise<void> {
  const { data } = options;
  if (options.resume) {
    const outdir = options.outdir ?? (data === undefined ? undefined : await defaultOutdir(nameOf(data), true));
    if (outdir === undefined)
      throw new UsageError('--resume: expected the folder of a run, got nothing. Name it with --outdir.');
    return resumeCommand({ ...options, outdir });
  }
  if (!data)
    throw new UsageError(
      `--data: expected a folder or zip of images, got nothing. Name one, or run ${siblingCommand('start', [])} for the MNIST example.`,
    );
  if (options.preset) presetOf(options.preset);
  const outdir = options.outdir ?? (await defaultOutdir(nameOf(data), false));
  const dataset = await openReadyData(data, options, outdir);
  if (dataset === undefined) return;
  try {
    const latents = holdsLatents(dataset)
      ? await describeLatents(dataset, { meanOnly: options.posterior === 'mean' })
      : undefined;
    const config = resolveRunConfig(options, dataset, latents);
    await checkVae(options, latents);
    if (options.dryRun) return printConfig(config);
    await checkTrainingData(dataset, say);
    await trainOn(dataset, config, outdir, false);
  } finally {
    await dataset.close();
  }
}

/** `edm2-train demo`: the main job. */
export async function demoCommand(options: CommandOptions): Promise<void> {
  const smoke = options.smoke === true;
  const name = smoke ? 'mnist-smoke' : 'mnist';
  if (options.resume) return resumeCommand({ ...options, outdir: options.outdir ?? (await defaultOutdir(name, true)) });
  const preset = presetOf(options.preset ?? 'mnist');
  const { resolution = preset.unet.imgResolution } = options;
  if (resolution !== preset.unet.imgResolution)
    throw new UsageError(
      `--resolution: expected ${preset.unet.imgResolution}, the preset's, got ${resolution}. Leave it out, or choose another --preset.`,
    );
  const dataset = await openTrainingData(options.data ?? mnistFolder(), {
    acceptWarnings: options.acceptWarnings,
    xflip: options.xflip,
    split: 'train',
    resolution,
  });
  try {
    const given = {
      ...options,
      preset: options.preset ?? 'mnist',
      ...(smoke && !options.duration ? { duration: SMOKE_IMAGES } : {}),
    };
    const config: RunConfig = {
      ...resolveRunConfig(given, dataset),
      ...(options.data === undefined ? { data: 'mnist' } : {}),
      job: smoke ? 'main-smoke' : 'main',
    };
    if (options.dryRun) return printConfig(config);
    sayData(dataset, say);
    await runMainJob(dataset, config, options.outdir ?? (await defaultOutdir(name, false)), false);
  } finally {
    await dataset.close();
  }
}

/** Name of a run's folder after its data. */
const nameOf = (data: string): string => basename(data).replace(/\W+/g, '-').toLowerCase() || 'run';
