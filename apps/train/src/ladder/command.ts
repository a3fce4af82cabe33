import { join, relative } from 'node:path';
import { UsageError } from '@edm2/app-kit/command/errors';
import { listenForInterrupt } from '@edm2/app-kit/command/interrupt';
import { parseCount } from '@edm2/app-kit/command/parse-count';
import { openDataset } from '@edm2/dataset';
import { type ConfigName, countParameters, createUNet } from '@edm2/edm2-unet';
import { type EngineName, startEngine } from '@edm2/engine';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { mnistFolder } from '../demo/mnist.js';
import { asInterruption, runLadder } from './run-ladder.js';
import { FULL, type LadderSettings, LETTERS, ladderRun, SMOKE } from './settings.js';

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

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Side of the images: what the classifier reads. */
const RESOLUTION = 16;

const positive = (text: string): number => {
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value > 0))
    throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return value;
};
const count = (text: string): number => {
  try {
    return parseCount('--images', text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
};
const letters = (text: string): ConfigName[] => {
  const wanted = text.toUpperCase().split(',');
  for (const letter of wanted)
    if (!(LETTERS as readonly string[]).includes(letter))
      throw new InvalidArgumentError(`Expected letters from A to G such as C,G, got ${letter}.`);
  return LETTERS.filter((letter) => wanted.includes(letter));
};

const factors = (text: string): Partial<Record<ConfigName, number>> =>
  Object.fromEntries(
    text.split(',').map((pair) => {
      const [letter = '', factor = ''] = pair.split('=');
      if (!((LETTERS as readonly string[]).includes(letter.toUpperCase()) && Number(factor) > 0))
        throw new InvalidArgumentError(`Expected configs with factors above 0, such as C=5,G=3, got ${pair}.`);
      return [letter.toUpperCase(), Number(factor)];
    }),
  );

/** `edm2-train ladder`, which `pnpm ladder` runs. */
export const addLadderCommand = (program: Command): Command =>
  program
    .command('ladder')
    .description('Trains configs A to G on the same digits, scores them, writes the ladder as a table and a picture.')
    .option('--images <n>', `images that each config is trained on (default: ${FULL.images / 1024}Ki)`, count)
    .option('--channels <n>', `channels of the network (default: ${FULL.channels})`, positive)
    .option('--configs <list>', 'some of the configs only, such as C,G', letters)
    .option('--trainings <n>', `trainings of each config, from seed on (default: ${FULL.trainings})`, positive)
    .option('--draws <n>', `sets of images that each training is scored on (default: ${FULL.draws})`, positive)
    .option('--lr-factors <list>', "what the paper's learning rates are multiplied by, such as C=5,G=3", factors)
    .option(
      '--outdir <folder>',
      'where everything goes; what is there already is not done again (default: runs/ladder)',
    )
    .addOption(
      new Option('--engine <name>', 'what computes')
        .choices(['auto', 'tensorflow-gpu', 'tensorflow', 'onnxruntime', 'cpu'])
        .default('auto'),
    )
    .option('--threads <n>', 'threads of the engine (default: all cores)', positive)
    .option('--seed <n>', 'random seed', Number, 0)
    .option('--smoke', 'a ladder of a minute, to see that everything works', false)
    .exitOverride()
    .showSuggestionAfterError()
    // The program's own options of the same names would swallow them.
    .action((_: unknown, command: Command) => ladderCommand(command.optsWithGlobals<LadderCommandOptions>()));

async function ladderCommand(options: LadderCommandOptions): Promise<void> {
  const base = options.smoke ? SMOKE : FULL;
  const settings: LadderSettings = {
    ...base,
    images: options.images ?? base.images,
    channels: options.channels ?? base.channels,
    configs: options.configs ?? base.configs,
    trainings: options.trainings ?? base.trainings,
    rateFactors: { ...base.rateFactors, ...options.lrFactors },
    draws: options.draws ?? base.draws,
    seed: options.seed,
  };
  if (settings.images < 1000)
    throw new UsageError(
      `--images: expected at least 1000, got ${settings.images}. File names count thousands of images.`,
    );
  const outdir = options.outdir ?? join('runs', options.smoke ? 'ladder-smoke' : 'ladder');
  const dataPath = mnistFolder();
  const dataset = await openDataset(dataPath, { split: 'train', resolution: RESOLUTION });
  const { config, network } = ladderRun('G', settings, dataset);
  const engine = await startEngine(options.engine, {
    ...(options.threads ? { threads: options.threads } : {}),
    parameters: countParameters(createUNet({ config, ...network })),
  });
  say(`engine: ${engine.why}`);
  say(
    `configs ${settings.configs.join(', ')}; ${settings.images.toLocaleString('en')} images each → ${relative('.', outdir) || '.'}/`,
  );
  const args = process.argv.slice(2).filter((arg) => arg !== 'ladder');
  const command = ['pnpm ladder', ...args].join(' ');
  const interrupt = listenForInterrupt(say, 'stopping after this step; everything done so far is kept');
  try {
    const { signal } = interrupt;
    await runLadder({ settings, dataPath, dataset, outdir, engine, signal, say, command });
    say(`\nopen ${relative('.', join(outdir, 'ladder.png'))}; table in ladder.md, figures in ladder.json`);
  } catch (error) {
    throw asInterruption(error, interrupt.signal, command);
  } finally {
    interrupt.release();
    await dataset.close();
  }
}
