import { join, relative } from 'node:path';
import { withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { listenForInterrupt } from '@edm2/app-kit/command/interrupt';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { afterSubcommand } from '@edm2/command/shell';
import { ownCommand } from '@edm2/command/typed';
import { wholeNumber } from '@edm2/command/whole-number';
import { type Dataset, openDataset } from '@edm2/dataset';
import { CONFIG_NAMES, type ConfigName, countParameters, createUNet } from '@edm2/edm2-unet';
import { type EngineName, startEngine } from '@edm2/engine';
import type { Command } from 'commander';
import { mnistFolder } from '../demo/mnist.js';
import { MAX_CHANNELS, MAX_REPEATS } from '../options/limits.js';
import { count, factors, letters, natural } from '../options/parsers.js';
import { checkRunConfig } from '../options/run-config.js';
import { above0 } from '../options/setting.js';
import { say } from '../say.js';
import { asInterruption, runLadder } from './run-ladder.js';
import { FULL, type LadderSettings, ladderRun, SMOKE } from './settings.js';

interface LadderCommandOptions {
  readonly images?: number;
  readonly channels?: number;
  readonly configs?: readonly ConfigName[];
  readonly draws?: number;
  readonly trainings?: number;
  readonly lrFactors?: Partial<Record<ConfigName, number>>;
  readonly outdir?: string;
  readonly engine: EngineName;
  readonly threads?: number;
  readonly seed: number;
  readonly smoke: boolean;
}

/** Side of the images: what the classifier reads. */
const RESOLUTION = 16;
const repeats = wholeNumber({ most: MAX_REPEATS, why: 'the standard error hardly falls any more' });

/** `edm2-train ladder`, which `npm run ladder` runs. */
export const addLadderCommand = (program: Command): Command =>
  withEngineOptions(
    withDestination(
      program.command('ladder'),
      '--outdir <folder>',
      'where everything goes; what is there already is not done again (default: runs/ladder)',
    ),
    { training: true },
  )
    .description(
      `Trains configs ${CONFIG_NAMES[0]} to ${CONFIG_NAMES.at(-1)} on the same digits, scores them, writes the ladder as a table and a picture.`,
    )
    .option(
      '--images <n>',
      `images that each config is trained on (default: ${FULL.images / 1024}Ki)`,
      count('--images'),
    )
    .option(
      '--channels <n>',
      `channels of the network (default: ${FULL.channels})`,
      wholeNumber({ most: MAX_CHANNELS, why: 'the largest published network has 512' }),
    )
    .option('--configs <list>', 'some of the configs only, such as C,G', letters)
    .option('--trainings <n>', `trainings of each config, from seed on (default: ${FULL.trainings})`, repeats)
    .option('--draws <n>', `sets of images that each training is scored on (default: ${FULL.draws})`, repeats)
    .option('--lr-factors <list>', "what the paper's learning rates are multiplied by, such as C=5,G=3", factors)
    .option('--seed <n>', 'random seed', natural, 0)
    .option('--smoke', 'a ladder of a minute, to see that everything works', false)
    .exitOverride()
    .showSuggestionAfterError()
    .action((options: LadderCommandOptions) => ladderCommand(options));

/** @throws {UsageError} when there are no images. */
function settingsOf(options: LadderCommandOptions): LadderSettings {
  const base = options.smoke ? SMOKE : FULL;
  const images = options.images ?? base.images;
  const wrong = above0(images);
  if (wrong !== undefined) throw new UsageError(`--images: ${wrong}`);
  return {
    ...base,
    images,
    channels: options.channels ?? base.channels,
    configs: options.configs ?? base.configs,
    trainings: options.trainings ?? base.trainings,
    rateFactors: { ...base.rateFactors, ...options.lrFactors },
    draws: options.draws ?? base.draws,
    seed: options.seed,
  };
}

async function ladderCommand(options: LadderCommandOptions): Promise<void> {
  const settings = settingsOf(options);
  const dataset = await openDataset(mnistFolder(), { split: 'train', resolution: RESOLUTION });
  try {
    await climb(options, settings, dataset);
  } finally {
    await dataset.close();
  }
}

async function climb(options: LadderCommandOptions, settings: LadderSettings, dataset: Dataset): Promise<void> {
  const outdir = options.outdir ?? join('runs', options.smoke ? 'ladder-smoke' : 'ladder');
  const parameters = largestNetwork(settings, dataset);
  const engine = await startEngine(options.engine, {
    ...(options.threads ? { threads: options.threads } : {}),
    parameters,
  });
  say(`engine: ${engine.why}`);
  say(
    `configs ${settings.configs.join(', ')}; ${settings.images.toLocaleString('en')} images each → ${relative('.', outdir) || '.'}/`,
  );
  const command = ownCommand(afterSubcommand(process.argv.slice(2), 'ladder'), { subcommand: 'ladder' });
  const interrupt = listenForInterrupt(say, 'stopping after this step; everything done so far is kept');
  try {
    const { signal } = interrupt;
    await runLadder({ settings, dataPath: mnistFolder(), dataset, outdir, engine, signal, say, command });
    say(`\nopen ${relative('.', join(outdir, 'ladder.png'))}; table in ladder.md, figures in ladder.json`);
  } catch (error) {
    throw asInterruption(error, interrupt.signal, command);
  } finally {
    interrupt.release();
  }
}

/**
 * Makes each config's network, before anything is written: what cannot be built, or not be continued, is not begun.
 *
 * @returns parameters of the largest.
 * @throws {UsageError} when a config has no network of so many channels, or a training's configuration could not be read again.
 */
function largestNetwork(settings: LadderSettings, dataset: Dataset): number {
  const sizes = settings.configs.map((letter) => {
    // Seeds rise: the last training's is the one that may be too large.
    const run = ladderRun(letter, settings, dataset, settings.trainings - 1);
    checkRunConfig(run);
    try {
      return countParameters(createUNet({ config: letter, ...run.network }));
    } catch (cause) {
      // Nothing else of the network can be chosen.
      throw new UsageError(
        `--channels: expected a width that config ${letter} can have, got ${settings.channels} (${cause instanceof Error ? cause.message : cause}). Choose a multiple of 4 up to 32, or of 64.`,
        { cause },
      );
    }
  });
  return Math.max(...sizes);
}
