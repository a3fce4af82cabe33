import { runCommand } from '@edm2/app-kit/command/run-command';
import { type ExitCode, UsageError } from '@edm2/command/errors';
import { READABLE_HELP } from '@edm2/command/readable-help';
import { ownCommand, siblingCommand } from '@edm2/command/typed';
import { Command } from 'commander';
import { demoCommand, trainCommand } from './commands.js';
import { addLadderCommand } from './ladder/command.js';
import { typedOptions, withTrainOptions } from './options/options.js';
import { addSmallDataCommand } from './small-data/command.js';
import { addVaeCommand } from './vae/command.js';

const COLUMN = 46;

/** Commands as they are typed here, and what they do. */
function examples(): string {
  const line = (args: readonly string[], text: string): string =>
    `  ${siblingCommand('start', args).padEnd(COLUMN)}  ${text}`;
  return [
    '',
    'Examples:',
    line([], 'MNIST: train, average, sample, score, report (the main job)'),
    line(['--duration', '192Ki'], 'the same, for longer'),
    line(
      ['--data', 'photos/', '--duration', '2Mi'],
      'your own images, cropped and resized where they need it; sub-folders are classes',
    ),
    line(['--data', 'photos/', '--preset', 'cifar10'], 'another network'),
    line(['--engine', 'tune'], 'time the engines that are there on this network, take the fastest'),
    line(
      ['--engine', 'tensorflow-gpu'],
      `a CUDA device, after ${siblingCommand('libtensorflow', ['install', '--cuda'])} (not yet measured on a GPU)`,
    ),
    line(['vae', '--data', 'photos/'], 'an autoencoder of your own images, for training on latents'),
    line(['--resume'], 'go on with the last run of the main job after Ctrl-C or a crash'),
    line(['--resume', '--outdir', 'runs/photos'], 'go on with any run: its folder knows the rest'),
    '',
    'Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted after writing a training state.',
  ].join('\n');
}

export function createProgram(name = 'edm2-train'): Command {
  const program = withTrainOptions(new Command(name).configureHelp(READABLE_HELP))
    .description('Trains an EDM2 on a folder or zip of images.')
    .exitOverride()
    .showSuggestionAfterError()
    // Sub-commands have options of the same names: those that follow one are its own.
    .enablePositionalOptions()
    .hook('preSubcommand', refuseOptionsBefore)
    .action((_, command: Command) => trainCommand(typedOptions(command)))
    .addHelpText('after', examples);
  withTrainOptions(program.command('demo'))
    .description(
      'The main job: trains on MNIST, reconstructs EMA lengths, samples a grid, scores it, writes report.html.',
    )
    .option('--smoke', 'a run of seconds, to see that everything works', false)
    .exitOverride()
    .showSuggestionAfterError()
    .action((_, command: Command) => demoCommand(typedOptions(command)))
    .addHelpText('after', examples);
  addLadderCommand(program);
  addVaeCommand(program);
  addSmallDataCommand(program);
  return program;
}

/** @throws {UsageError} when an option stands before a sub-command, which would not see it. */
function refuseOptionsBefore(program: Command, subcommand: Command): void {
  const before = program.options.find((option) => program.getOptionValueSource(option.attributeName()) === 'cli');
  if (before)
    throw new UsageError(
      `${before.long}: expected options after ${subcommand.name()}, got one before. Write ${ownCommand([], { subcommand: subcommand.name() })} ${before.flags} …`,
    );
}

/**
 * Runs the command line.
 *
 * @param argv - arguments after the program's name.
 * @param name - of the program, where it is a command of another one.
 * @returns exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted after writing a training state. Errors are printed, never thrown.
 */
export const runProgram = (argv: readonly string[], name?: string): Promise<ExitCode> =>
  runCommand(createProgram(name), argv);
