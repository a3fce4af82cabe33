import '@tensorflow/tfjs';
import { Command, CommanderError } from 'commander';
import { demoCommand, trainCommand } from './commands.js';
import { exitCodeOf } from './errors.js';
import { type CommandOptions, withTrainOptions } from './options/options.js';

const program = withTrainOptions(new Command('edm2-train'))
  .description('Trains an EDM2 on a folder or zip of images.')
  .exitOverride()
  .showSuggestionAfterError()
  .configureHelp({ sortSubcommands: false })
  .action((options: CommandOptions) => trainCommand(options))
  .addHelpText(
    'after',
    `
Examples:
  npm start                                        MNIST: train, average, sample, score, report (the main job)
  npm start -- --duration 192Ki                    the same, for longer
  npm start -- --data photos/ --duration 2Mi       your own images: square, a power of two, all of one size; sub-folders are classes
  npm start -- --data photos/ --preset cifar10     another network
  npm start -- --engine tensorflow-gpu             a CUDA device through @tensorflow/tfjs-node-gpu (not yet measured on a GPU)
  npm start -- --resume                            go on with the last run after Ctrl-C or a crash

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted after writing a checkpoint.`,
  );

withTrainOptions(program.command('demo'))
  .description(
    'The main job: trains on MNIST, reconstructs EMA lengths, samples a grid, scores it, writes report.html.',
  )
  .option('--smoke', 'a run of seconds, to see that everything works', false)
  .exitOverride()
  .showSuggestionAfterError()
  .action((_: unknown, command: Command) => demoCommand(command.optsWithGlobals<CommandOptions>()))
  .addHelpText('after', '\nWith --data <folder> the same command trains on your own images: see edm2-train --help.');

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // commander has printed its message already; help and version end well.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    const { message } = error instanceof Error ? error : new Error(String(error));
    process.stderr.write(`\n${message}\n`);
    if (process.env['DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
// Engines keep threads alive; the work is done.
process.exit();
